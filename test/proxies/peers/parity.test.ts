/**
 * All L7 subjects hand on the same request and the same answer, but for the differences listed here. A new one fails: it would be
 * work that only one of them does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { proxies } from '#proxies/registry.ts';
import { Client, httpOrigin } from './origin.ts';

interface Differences {
  /** Fields that the origin sees in addition to the client's and X-Forwarded-For/-Proto/-Host. */
  readonly request?: readonly string[];
  /** Fields of the answer that come in addition to the origin's. */
  readonly response?: readonly string[];
}

/** By vendor: what it does by itself and has no switch for. */
const DECLARED: Readonly<Record<string, Differences>> = {
  traefik: { request: ['x-forwarded-port', 'x-forwarded-server', 'x-real-ip'] },
  caddy: { response: ['via'] }, // added after all its header operations
  'http-proxy': { request: ['x-forwarded-port'] },
  'http-proxy-3': { request: ['x-forwarded-port'] },
  httpxy: { request: ['x-forwarded-port'] },
};

/** Between the two ends of one connection, and left to each (RFC 9110 §7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];
const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];
const SENT = {
  'user-agent': 'parity',
  accept: '*/*',
  'accept-encoding': 'identity',
  'x-own': 'kept',
  cookie: 'a=b; c=d',
};
const ANSWERED = ['content-type', 'x-origin', 'server', 'date', 'content-length'];

const { ca, cert, key } = createCertificate();

for (const definition of proxies.values()) {
  const { name, layer, capabilities } = definition;
  if (layer !== 'l7' || capabilities.has('connect') || name === 'node-http' || name === 'l7-tls-reencrypt') continue;
  const availability = await definition.availability();
  const skip = availability.state === 'missing' && `${availability.reason}; install: ${availability.install}`;
  const declared = DECLARED[name] ?? DECLARED[name.replace(/-(http|tls)$/, '')] ?? {};

  test(`${name}: the same request, the same answer`, { skip }, async () => {
    const isTls = capabilities.has('tls-termination');
    await using origin = await httpOrigin();
    await using proxy = await definition.start(
      {
        listener: {
          address: { host: '127.0.0.1', port: 0 },
          ...(isTls && { tls: { certificates: [{ cert, key }], alpn: ['http/1.1'] } }),
        },
        clusters: [{ name: 'origin', endpoints: [origin.address] }],
        defaultCluster: 'origin',
      },
      AbortSignal.timeout(20_000),
    );
    using client = new Client(proxy.address, 1, isTls ? ca : undefined);
    const { status, seen, headers } = await client.ask('/p?q=%20', {
      headers: { ...SENT, 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'ftp' },
    });
    assert.equal(status, 200);
    assert.ok(seen);
    const got = new Map(seen.headers);
    for (const [field, value] of Object.entries(SENT)) assert.equal(got.get(field), value, field);
    const additions = [...got.keys()].filter(
      (field) => !(field in SENT) && field !== 'host' && !FORWARDED.includes(field) && !HOP_BY_HOP.includes(field),
    );
    assert.deepEqual(additions.toSorted(), [...(declared.request ?? [])].toSorted());
    assert.equal(got.get('x-forwarded-for'), '127.0.0.1', 'what an untrusted client says of itself is dropped');
    assert.equal(got.get('x-forwarded-proto'), isTls ? 'https' : 'http');

    const more = Object.keys(headers).filter((field) => !ANSWERED.includes(field) && !HOP_BY_HOP.includes(field));
    assert.deepEqual(more.toSorted(), [...(declared.response ?? [])].toSorted());
    for (const field of ANSWERED.filter((field) => field !== 'content-length')) assert.ok(field in headers, field);
    assert.equal(headers['server'], 'origin');
  });
}
