/** `--cert` and `--key`: read once, checked to be a pair before anything listens. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UsageError, explain } from '#bench/model/errors.ts';

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag} ${path}: cannot be read: ${explain(error)}`);
  }
}

function parse<T>(flag: string, path: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new UsageError(`${flag} ${path}: expected ${what} in PEM, got something else (${explain(error)})`);
  }
}

/** Undefined where neither flag is given. Throws `UsageError` for one without the other, unreadable files and a mismatched pair. */
export function readKeyPair({ cert, key }: { cert?: string; key?: string }): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError('--cert and --key go together: give both');
  const pair = { cert: read('--cert', cert), key: read('--key', key) };
  const certificate = parse('--cert', cert, 'a certificate', () => new X509Certificate(pair.cert));
  const privateKey = parse('--key', key, 'a private key', () => createPrivateKey(pair.key));
  if (!certificate.checkPrivateKey(privateKey))
    throw new UsageError(`--key ${key} is not the key of --cert ${cert}: give the matching pair`);
  return pair;
}
