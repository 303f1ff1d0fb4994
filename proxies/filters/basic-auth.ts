/**
 * Names and passwords (RFC 7617). Everyone else is answered 401 before a byte reaches the origin. A password is written as it is, or as
 * `{SHA}` and the base64 of its SHA-1, as `htpasswd -s` writes it. Comparing takes the same time whatever was sent.
 *
 * @example { "filters": { "basic-auth": { "users": { "ann": "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=" }, "identityHeader": "X-User" } } }
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Reply } from '../http/reply.ts';
import type { ConfiguredFilter } from './contract.ts';
import { Identity } from './identity.ts';
import { fieldName, realmText } from './settings.ts';

export interface BasicAuth {
  /** Passwords by name. */
  readonly users: Readonly<Record<string, string>>;
  /** 'hopcost' by default. */
  readonly realm?: string;
  /** Field that tells the origin the name; none by default. */
  readonly identityHeader?: string;
  /** The origin gets Authorization as well; true by default. */
  readonly forward?: boolean;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'basic-auth'?: BasicAuth;
  }
}

const SHA = /^\{SHA\}([\w+/]{27}=)$/;

interface Password {
  readonly algorithm: 'sha1' | 'sha256';
  readonly digest: Buffer;
}

const digestOf = (algorithm: Password['algorithm'], password: string): Buffer => hash(algorithm, password, 'buffer');

function passwordOf(text: string): Password {
  const encoded = SHA.exec(text)?.[1];
  if (encoded !== undefined) return { algorithm: 'sha1', digest: Buffer.from(encoded, 'base64') };
  return { algorithm: 'sha256', digest: digestOf('sha256', text) };
}

const matches = ({ algorithm, digest }: Password, password: string): boolean =>
  timingSafeEqual(digest, digestOf(algorithm, password));

/** Name and password of Basic credentials; undefined for what is none (RFC 7617 §2). */
export function basicCredentials(authorization: string | undefined): readonly [string, string] | undefined {
  const encoded = /^basic +([\w+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

export const filter: ConfiguredFilter<BasicAuth> = {
  name: 'basic-auth',
  schema: z.strictObject({
    users: z
      .record(z.string().regex(/^[^:\p{Cc}]+$/u, 'expected a name without colon'), z.string().min(1))
      .refine((users) => Object.keys(users).length > 0, 'expected one user at least'),
    realm: realmText.exactOptional(),
    identityHeader: fieldName.exactOptional(),
    forward: z.boolean().exactOptional(),
  }),
  create({ users, realm = 'hopcost', identityHeader, forward = true }) {
    const passwords = new Map(Object.entries(users).map(([name, password]) => [name, passwordOf(password)]));
    /** Whom nobody is costs as much time as a known name. */
    const [nobody] = passwords.values();
    const identity = identityHeader === undefined ? undefined : new Identity(identityHeader);
    const challenge: Reply = {
      status: 401,
      fields: [['WWW-Authenticate', `Basic realm="${realm}", charset="UTF-8"`]],
    };
    return {
      request(head, exchange) {
        const credentials = basicCredentials(head.get('authorization'));
        const [name, password] = credentials ?? ['', ''];
        const known = passwords.get(name);
        const isRight = credentials !== undefined && matches(known ?? nobody!, password) && known !== undefined;
        if (!isRight || identity?.tell(head, name, exchange) === false) {
          exchange.reason = 'unauthenticated';
          return challenge;
        }
        if (!forward) head.remove('authorization');
        return undefined;
      },
      ...(identity && { requestBody: identity.guard }),
    };
  },
};
