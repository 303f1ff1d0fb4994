/** Readers that stall amid a large body: the proxy holds at most two buffers for each of them, and loses nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { READ_BUFFER_SIZE } from '#proxies/net/read-buffer.ts';
import type { SoakCase } from './case.ts';
import { dial, get } from './client.ts';
import { startSubject } from './subject-process.ts';

interface Size {
  readonly connections: number;
  readonly bytes: number;
}

/** Answers every connection with `bytes` zeros behind a head, as fast as they are taken. */
async function zeros(bytes: number) {
  const block = Buffer.alloc(1024 * 1024);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    let left = bytes;
    const pump = () => {
      while (left > 0 && !socket.destroyed) {
        const length = Math.min(left, block.length);
        left -= length;
        if (!socket.write(block.subarray(0, length))) return;
      }
    };
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('drain', pump);
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
      pump();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port },
    connections: () => sockets.size,
    /** What the system has taken off us. */
    sent: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The objects of a connection to the origin and of its exchange; no buffer hides in there. */
const objectBytes = 8 * 1024;
const settledMs = 300;

/** Resolves once `value` has not changed for a while: everything is full. */
async function settled(value: () => number): Promise<void> {
  for (let last = NaN; last !== value();) {
    last = value();
    await new Promise((resolve) => setTimeout(resolve, settledMs));
  }
}

export const stalledReader: SoakCase<Size> = {
  name: 'stalled-reader',
  summary: 'a stalled reader of a large body costs at most two buffers',
  ci: { connections: 64, bytes: 32 * 1024 * 1024 },
  full: { connections: 64, bytes: 1024 * 1024 * 1024 },
  async run({ connections, bytes }) {
    const figures: Record<string, number> = { connections, bytes };
    for (const name of ['l4-tcp', 'l7-http', 'l7-tls'] as const) {
      await using origin = await zeros(bytes);
      await using subject = await startSubject(name, [origin.address], { stats: true });
      const open = async () => {
        const socket = dial(subject).on('error', () => {});
        await once(socket, subject.tls ? 'secureConnect' : 'connect');
        return socket;
      };
      // What the first connection needs once, code and shared buffers, is not growth.
      const first = await open();
      first.write(get('/'));
      await once(first, 'data');
      first.destroy();
      const sockets = await Promise.all(Array.from({ length: connections }, open));
      while ((await subject.inspect()).active !== connections);
      const before = await subject.inspect();
      for (const socket of sockets) socket.pause().write(get('/'));
      while (origin.connections() <= connections) await new Promise((resolve) => setImmediate(resolve));
      await settled(origin.sent);
      assert.ok(
        origin.sent() < (connections + 1) * bytes,
        `${name}: the body fits into the system's buffers; take more`,
      );
      const stalled = await subject.inspect();
      const grown = (of: 'bufferBytes' | 'heapBytes' | 'residentBytes') =>
        Math.round((stalled[of] - before[of]) / connections);
      figures[`${name}: buffer bytes per reader`] = grown('bufferBytes');
      figures[`${name}: resident bytes per reader`] = grown('residentBytes');
      assert.ok(
        grown('bufferBytes') <= 2 * READ_BUFFER_SIZE,
        `${name}: ${grown('bufferBytes')} buffer bytes per reader`,
      );
      assert.ok(grown('heapBytes') <= objectBytes, `${name}: ${grown('heapBytes')} bytes of objects per reader`);
      // One of them reads on, to the last byte.
      const [reader, ...others] = sockets as [net.Socket, ...net.Socket[]];
      for (const socket of others) socket.destroy();
      let received = 0;
      let headBytes = 0;
      for await (const chunk of reader as AsyncIterable<Buffer>) {
        if (received === 0) headBytes = chunk.indexOf('\r\n\r\n') + 4;
        received += chunk.length;
        if (received - headBytes >= bytes) break;
      }
      assert.equal(received - headBytes, bytes);
    }
    return figures;
  },
};
