/** Origins of TCP, on the runtime's handles and, in a child, on `net.Socket`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import tls from 'node:tls';
import { backends } from '#backends/registry.ts';
import { listenStreams } from '#backends/stream.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { tcpInternals } from '#proxies/platform/tcp-handle.ts';
import { never } from './client.ts';

const loopback = { host: '127.0.0.1', port: 0 };
const payload = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31) & 255));

test('tcp-echo sends back every byte and its FIN', async () => {
  await using origin = await backends.get('tcp-echo')!.start(loopback, {}, never);
  const socket = net.connect(origin.address).end(payload);
  assert.ok(payload.equals(await buffer(socket)));
  assert.equal(origin.counters().connections, 1);
});

test('tcp-sink answers FIN with the count of bytes', async () => {
  await using origin = await backends.get('tcp-sink')!.start(loopback, {}, never);
  const answer = await buffer(net.connect(origin.address).end(payload));
  assert.equal(answer.readBigUInt64BE(), BigInt(payload.length));
  assert.equal(answer.length, 8);
});

test('a stream ends both ways and resets', async () => {
  const events: string[] = [];
  await using listening = await listenStreams(
    loopback,
    {},
    (stream) => ({
      onData: (chunk) => {
        events.push(String(chunk));
        if (String(chunk) === 'reset') stream.reset();
      },
      onEnd: () => {
        events.push('end');
        stream.write(Buffer.from('bye'));
        stream.end();
      },
      onClose: () => events.push('close'),
    }),
    never,
  );
  assert.equal(String(await buffer(net.connect(listening.address).end('hi'))), 'bye');
  await assert.rejects(
    buffer(
      net
        .connect(listening.address)
        .setKeepAlive()
        .on('connect', function (this: net.Socket) {
          this.write('reset');
        }),
    ),
    { code: 'ECONNRESET' },
  );
  assert.deepEqual(events, ['hi', 'end', 'close', 'reset', 'close']);
  assert.equal(listening.connections, 2);
});

test('over TLS, a FIN amid the handshake is answered by one; after it, only one direction has ended', async () => {
  const { cert, key } = createCertificate();
  await using origin = await backends.get('http-fixed')!.start(loopback, { tls: { cert, key } }, never);
  for (const begun of ['', '\x16\x03\x01\x02\x00\x01\x00']) {
    const socket = net.connect({ ...origin.address, allowHalfOpen: true }).end(begun, 'latin1');
    assert.equal((await buffer(socket)).length, 0);
  }
  const socket = tls.connect({ ...origin.address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  // A close_notify alone: Node's own `end` would stop reading too.
  socket.end('GET /delay/20 HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(String(await buffer(socket)), /hopcost\n$/);
});

if (tcpInternals !== undefined) {
  test('passes the same tests on net.Socket', () => {
    const child = spawnSync(process.execPath, ['--test', import.meta.filename], {
      env: { ...process.env, HOPCOST_PLAIN_SOCKETS: '1', NODE_TEST_CONTEXT: undefined },
      encoding: 'utf8',
    });
    assert.equal(child.status, 0, child.stdout + child.stderr);
  });
}
