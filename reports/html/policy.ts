/** A page's content security policy: one style sheet and one script by their hashes, and nothing from anywhere. */
import { createHash } from 'node:crypto';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** `connect`: a page of a server, whose script and forms may ask that server, and whose icon is an empty one of its own. */
export const policyOf = (style: string, script: string, connect?: "'self'"): string =>
  [
    `default-src 'none'`,
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    ...(connect === undefined ? [] : [`connect-src ${connect}`, 'img-src data:']),
    `base-uri 'none'`,
    `form-action ${connect ?? "'none'"}`,
  ].join('; ');
