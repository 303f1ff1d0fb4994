/** What a request sticks by: the value of a header, or of a cookie that a client is given with its first answer (RFC 6265). */
import { randomBytes } from 'node:crypto';
import type { Stickiness } from '../config/intent.ts';

/** The value of cookie `name` in what stands in Cookie; undefined where it is not there, or empty. The first of several counts. */
export function cookieValue(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    const bare = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
    return bare === '' ? undefined : bare;
  }
  return undefined;
}

/** Tells nothing of where it leads: whoever has it can find out no more than that it leads to the same endpoint. */
export const newKey = (): string => randomBytes(12).toString('base64url');

type StickyCookie = Extract<Stickiness, { readonly kind: 'cookie' }>;

/** The value of Set-Cookie that gives a client its key. `secure`: it came by https. */
export function setCookie({ name, maxAge, path = '/' }: StickyCookie, key: string, secure: boolean): string {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  return `${name}=${key}; Path=${path}${age}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}
