import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { readKeyPair } from '#scripts/key-pair.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopcost-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const one = createCertificate();
const two = createCertificate();
const cert = file('one.crt', one.cert);
const key = file('one.key', one.key);
const usage = (message: RegExp) => ({ name: 'UsageError', message });

test('a matching pair is read', () => assert.deepEqual(readKeyPair({ cert, key }), { cert: one.cert, key: one.key }));
test('neither is none', () => assert.equal(readKeyPair({}), undefined));
test('one without the other', () => assert.throws(() => readKeyPair({ cert }), usage(/go together/)));
test('an unreadable file', () =>
  assert.throws(() => readKeyPair({ cert: join(folder, 'none'), key }), usage(/cannot be read/)));
test('a file that is no certificate', () =>
  assert.throws(() => readKeyPair({ cert: key, key }), usage(/expected a certificate in PEM/)));
test('a file that is no key', () =>
  assert.throws(() => readKeyPair({ cert, key: cert }), usage(/expected a private key in PEM/)));
test('a key of another certificate', () =>
  assert.throws(() => readKeyPair({ cert, key: file('two.key', two.key) }), usage(/is not the key of --cert/)));
