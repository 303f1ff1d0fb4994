/** Tokens (RFC 7519) that are good, and others that must not be taken for good (RFC 8725). */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

let ours: Keys | undefined;
let strangers: Keys | undefined;
const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = (): Keys => (ours ??= newKeys());

/** PEM of the public key that good tokens are verified with, by ES256. */
export const tokenKey = (): string => keys().publicKey.export({ type: 'spki', format: 'pem' }) as string;

type Sign = (input: string) => Buffer;

const es256 =
  (privateKey: KeyObject): Sign =>
  (input) =>
    sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);
const claims = (): object => ({ iss: 'id', sub: 'ann', exp: now() + 3600, nbf: now() - 60 });

function token(header: object, body: object, signed: Sign): string {
  const input = `${encode(header)}.${encode(body)}`;
  return `${input}.${signed(input).toString('base64url')}`;
}

const HEADER = { alg: 'ES256', typ: 'JWT' };
const own = (body: object): string => token(HEADER, body, es256(keys().privateKey));

export const TOKENS = {
  good: () => own(claims()),
  /** By what is wrong with them. */
  bad: {
    'signed by a stranger': () => token(HEADER, claims(), es256((strangers ??= newKeys()).privateKey)),
    'expired an hour ago': () => own({ ...claims(), exp: now() - 3600 }),
    'good from tomorrow on': () => own({ ...claims(), nbf: now() + 86_400, exp: now() + 172_800 }),
    'another issuer': () => own({ ...claims(), iss: 'evil' }),
    'alg: none': () => token({ alg: 'none', typ: 'JWT' }, claims(), () => Buffer.alloc(0)),
    'the public key as a secret': () =>
      token({ alg: 'HS256', typ: 'JWT' }, claims(), (input) => createHmac('sha256', tokenKey()).update(input).digest()),
    'changed claims under a good signature': () => {
      const [head, , signature] = own(claims()).split('.');
      return [head, encode({ ...claims(), sub: 'admin' }), signature].join('.');
    },
  },
} as const;
