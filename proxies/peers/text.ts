/** Building blocks of the native configurations: lines, nested and optional ones. */
export type Lines = readonly (string | false | undefined | Lines)[];

export const flatten = (lines: Lines): string[] =>
  lines.flatMap((line) => (typeof line === 'string' ? [line] : Array.isArray(line) ? flatten(line) : []));

export const text = (...lines: Lines): string => `${flatten(lines).join('\n')}\n`;

export const indent = (lines: Lines): string[] => flatten(lines).map((line) => `  ${line}`);

/** `head { … }`, as NGINX and many others write it. */
export const block = (head: string, lines: Lines): string[] => [`${head} {`, ...indent(lines), '}'];

export const escapeRegExp = (literal: string): string => literal.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** A duration in seconds, with a fraction where it has one. */
export const seconds = (milliseconds: number): string => `${milliseconds / 1000}s`;

/** A duration as `…ms`; 0, which switches a timeout off, as the given word or a time that never comes. */
export const duration = (milliseconds: number, off = `${24 * 24 * 3600}s`): string =>
  milliseconds === 0 ? off : `${milliseconds}ms`;
