/** h2spec (summerwind) against the proxies that speak HTTP/2 to their clients, in the clear and over TLS. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import { createCertificate } from '#bench/lab/certificates.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as secure } from '#proxies/l7/l7-tls.ts';
import { h2spec } from './h2spec.ts';

const { binary, skip } = h2spec();

/** In the clear, what is no preface is a request of HTTP/1.1: it is answered 400 as such, where h2spec waits for frames. */
const NOT_A_PREFACE =
  /Failures: \s+Hypertext Transfer Protocol Version 2 \(HTTP\/2\)\s+3\. Starting HTTP\/2\s+3\.5\. HTTP\/2 Connection Preface\s+× 2: Sends invalid connection preface\s/;

for (const proxy of [plain, secure]) {
  test(`h2spec against ${proxy.name}: all of its cases pass`, { skip }, async () => {
    const origin = createServer((request, response) => {
      request.resume().on('end', () => response.end('hello'));
    });
    await once(origin.listen(0, '127.0.0.1'), 'listening');
    const { port } = origin.address() as AddressInfo;
    const isSecure = proxy === secure;
    const { cert, key } = createCertificate();
    await using running = await proxy.start(
      {
        listener: {
          address: { host: '127.0.0.1', port: 0 },
          http2: true,
          ...(isSecure && { tls: { certificates: [{ cert, key }] } }),
        },
        clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port }] }],
        defaultCluster: 'o',
      },
      new AbortController().signal,
    );
    const target = ['-h', '127.0.0.1', '-p', String(running.address.port), '--timeout', '3'];
    const run = spawn(binary, [...target, ...(isSecure ? ['-t', '-k'] : [])]);
    const output = await text(run.stdout);
    origin.close();
    const failures = output.slice(output.indexOf('Failures:'));
    assert.match(output, isSecure ? /^145 tests, 145 passed, 0 sk/m : /^145 tests, 144 passed, 0 sk/m, failures);
    if (!isSecure) assert.match(failures, NOT_A_PREFACE);
  });
}
