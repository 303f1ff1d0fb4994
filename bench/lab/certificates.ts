/**
 * A throw-away authority and a leaf for localhost, made in memory for one run: ECDSA P-256 keys (what public sites serve most),
 * X.509 v3 as in RFC 5280. Nothing is installed, nothing outlives the run, neither `openssl` nor a network is needed.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
  type Der,
} from './der.ts';

/** PEM texts. */
export interface RunCertificate {
  /** The authority: what a client must trust. */
  readonly ca: string;
  /** The leaf that servers present; `key` is its private key. */
  readonly cert: string;
  readonly key: string;
  /** The name that clients ask for and verify. */
  readonly serverName: string;
}

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const SERVER_NAME = 'localhost';
const loopback = Buffer.from([127, 0, 0, 1]);
const HOUR = 3_600_000;
const LIFETIME = 7 * 24 * HOUR;
/** Clocks of a guest and its host differ; a certificate that starts now would be refused by one that is behind. */
const BACKDATED = HOUR;

const signatureAlgorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
const nameOf = (commonName: string): Der =>
  sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
const extension = (oid: string, critical: boolean, value: Der): Der =>
  sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));

/** RFC 5280 §4.2.1.2 method 1, over the whole public key structure: only equality matters. */
const keyId = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);

interface Request {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly issuerKey: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly extensions: readonly Der[];
  readonly now: Date;
}

function issue({ subject, publicKey, issuer, issuerKey, extensions, now }: Request): string {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive and never short
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    signatureAlgorithm,
    nameOf(issuer),
    sequence(time(new Date(now.getTime() - BACKDATED)), time(new Date(now.getTime() + LIFETIME))),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      3,
      sequence(
        ...extensions,
        extension(OID.subjectKeyId, false, octetString(keyId(publicKey))),
        extension(OID.authorityKeyId, false, sequence(tagged(0, keyId(issuerKey.publicKey), false))),
      ),
    ),
  );
  const signature = sign('sha256', body, issuerKey.privateKey);
  const der = sequence(body, signatureAlgorithm, bitString(signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** `now` is a parameter for tests. */
export function createCertificate(now = new Date()): RunCertificate {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = `hopcost throw-away authority ${randomBytes(4).toString('hex')}`;
  return {
    serverName: SERVER_NAME,
    key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ca: issue({
      subject: issuer,
      publicKey: authority.publicKey,
      issuer,
      issuerKey: authority,
      now,
      extensions: [
        extension(OID.basicConstraints, true, sequence(boolean(true))),
        extension(OID.keyUsage, true, bitString(Buffer.from([0b0000_0110]), 1)), // keyCertSign, cRLSign
      ],
    }),
    cert: issue({
      subject: SERVER_NAME,
      publicKey: leaf.publicKey,
      issuer,
      issuerKey: authority,
      now,
      extensions: [
        extension(OID.basicConstraints, true, sequence()),
        extension(OID.keyUsage, true, bitString(Buffer.from([0b1000_0000]), 7)), // digitalSignature
        extension(OID.extendedKeyUsage, false, sequence(objectIdentifier(OID.serverAuth))),
        extension(
          OID.subjectAltName,
          false,
          sequence(tagged(2, Buffer.from(SERVER_NAME), false), tagged(7, loopback, false)), // dNSName, iPAddress
        ),
      ],
    }),
  };
}
