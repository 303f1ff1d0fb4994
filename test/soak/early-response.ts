/** An origin that answers before it has the body: every client gets the answer, no such connection is used again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { generator } from '#test/random.ts';
import type { SoakCase } from './case.ts';
import { Client } from './client.ts';
import { startSubject } from './subject-process.ts';

interface Size {
  readonly uploads: number;
}

const answer = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig';
/** More than the system's buffers take. */
const bodyBytes = 16 * 1024 * 1024;

export const earlyResponse: SoakCase<Size> = {
  name: 'early-response',
  summary: 'a final answer before the end of the body reaches the client; that origin connection serves nobody else',
  ci: { uploads: 60 },
  full: { uploads: 3_000 },
  async run({ uploads }) {
    const random = generator(0x1b873593);
    const served: number[] = [];
    const origin = net.createServer((socket) => {
      const index = served.push(0) - 1;
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        if (!chunk.includes('POST /')) return;
        served[index]!++;
        // Right after the head, and never a byte of the body more.
        socket.write(answer);
        socket.pause();
      });
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const address = { host: '127.0.0.1', port: (origin.address() as net.AddressInfo).port };
    const body = Buffer.alloc(64 * 1024, 'x');
    const figures: Record<string, number> = {};
    for (const name of ['l7-http', 'l7-tls']) {
      await using subject = await startSubject(name, [address], { timeouts: { linger: 500 }, stats: true });
      let left = uploads;
      const one = async () => {
        while (left-- > 0) {
          using client = new Client(subject);
          const chunked = random(2) === 0;
          const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bodyBytes}`;
          await client.connected;
          const answered = client.ask(`POST / HTTP/1.1\r\nHost: soak\r\n${framing}\r\n\r\n`);
          // Uploads until it hears the answer.
          const { socket } = client;
          let sending = true;
          const pump = () => {
            while (sending && socket.writable) {
              if (chunked) socket.write('10000\r\n');
              const flows = socket.write(body);
              if (chunked) socket.write('\r\n');
              if (!flows) return;
            }
          };
          socket.on('drain', pump);
          setImmediate(pump);
          const { status, body: said } = await answered;
          sending = false;
          assert.deepEqual([status, said], [413, 'big']);
        }
      };
      await Promise.all(Array.from({ length: 8 }, one));
      while ((await subject.inspect()).sockets > 0);
      figures[`${name}: uploads answered`] = uploads;
    }
    origin.close();
    assert.ok(
      served.every((count) => count <= 1),
      'a connection with an unread body was used again',
    );
    return figures;
  },
};
