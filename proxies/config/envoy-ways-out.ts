/** What to do about parts of an Envoy configuration that nothing here does. */

const WAYS_OUT: Readonly<Record<string, string>> = {};

/** For a field, an extension or a value by its name. */
export const wayOut = (name: string): string => WAYS_OUT[name] ?? 'leave it out, or run this file with Envoy itself';
