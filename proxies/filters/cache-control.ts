/** Cache-Control and dates, as caches read them (RFC 9111 §5). */

/** Directives by name in lower case; '' where one has no value. */
export type Directives = ReadonlyMap<string, string>;

const DIRECTIVE = /([!#$%&'*+\-.^_`|~\w]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+\-.^_`|~\w]+)))?/g;
const MOST_SECONDS = 2 ** 31;

export function directivesOf(text: string | undefined): Directives {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of (text ?? '').matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    // Said twice: the first holds, but for a time, of which the shorter does (§4.2.1).
    const value = quoted ?? plain ?? '';
    const before = directives.get(key);
    if (before === undefined || (Number(value) < Number(before) && value !== '')) directives.set(key, value);
  }
  return directives;
}

/** Seconds of a directive; 0 where its value is no number (§4.2.1); undefined where it is absent. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return /^\d+$/.test(value) ? Math.min(Number(value), MOST_SECONDS) : 0;
}

/** Seconds since 1970 of an HTTP-date (RFC 9110 §5.6.7); undefined for what is none. */
export function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !text.endsWith(' GMT')) return undefined;
  const millis = Date.parse(text);
  return Number.isNaN(millis) ? undefined : millis / 1000;
}

export const httpDate = (seconds: number): string => new Date(seconds * 1000).toUTCString();
