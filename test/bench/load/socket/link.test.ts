import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { Recorder } from '#bench/load/recorder.ts';
import { Dialer } from '#bench/load/socket/dialer.ts';
import type { LinkHandler } from '#bench/load/socket/link.ts';
import { closed, get, jobFor, liveRow } from '../jobs.ts';
import { byteOrigin } from '../origins.ts';

const { ca, cert, key, serverName } = createCertificate();
const pieces = [1, 70_000, 3, 500_000, 2].map((size, index) => Buffer.alloc(size, String(index)));

for (const mode of ['none', 'full'] as const) {
  test(`writes on top of writes arrive in order, and the last of them drains (TLS: ${mode})`, async () => {
    const received: Buffer[] = [];
    const all = Promise.withResolvers<void>();
    const drained = Promise.withResolvers<void>();
    const expected = Buffer.concat(pieces);
    let length = 0;
    await using origin = await byteOrigin(
      () => (chunk) => {
        received.push(chunk);
        length += chunk.length;
        if (length >= expected.length) all.resolve();
      },
      mode === 'none' ? undefined : { cert, key },
    );
    const job = { ...jobFor('http1', origin.port, get(0), closed(1)), tls: { ca, serverName } };
    using dialer = await Dialer.to(job, mode, new Recorder(job, liveRow()));
    const handler: LinkHandler = {
      onOpen() {
        const taken = pieces.map((piece) => link.write(piece));
        if (taken.at(-1)) drained.resolve();
      },
      onBytes() {},
      onEnd() {},
      onFault: (fault) => all.reject(new Error(fault.message)),
      onDrain: () => drained.resolve(),
    };
    const link = dialer.dial(handler);
    await Promise.all([all.promise, drained.promise]);
    assert.ok(Buffer.concat(received).equals(expected));
    link.destroy();
    assert.equal(link.write(pieces[0]!), false, 'a closed link takes nothing');
  });
}
