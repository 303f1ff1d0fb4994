/** An origin that dies amid a body, in every framing: no client takes what it got for the whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { generator } from '#test/random.ts';
import type { SoakCase } from './case.ts';
import { dial } from './client.ts';
import { startSubject } from './subject-process.ts';

interface Size {
  readonly responses: number;
}

const framings = {
  length: (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`,
  chunked: (body: string) =>
    `Transfer-Encoding: chunked\r\n\r\n${(body.match(/[^]{1,4000}/g) ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`,
};
const names = Object.keys(framings) as (keyof typeof framings)[];

/** Whether a client that reads as RFC 9112 §8 says takes this for a complete response: whole head, whole body. */
function isComplete(response: string, ending: 'FIN' | 'error'): boolean {
  const end = response.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = response.slice(0, end).toLowerCase();
  const body = response.slice(end + 4);
  if (head.includes('\r\ntransfer-encoding: chunked')) return body === '0\r\n\r\n' || body.endsWith('\r\n0\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  return length === undefined ? ending === 'FIN' : body.length >= Number(length);
}

export const truncation: SoakCase<Size> = {
  name: 'truncation',
  summary: 'an origin dies mid-body: 0 truncated responses seen as complete',
  ci: { responses: 600 },
  full: { responses: 100_000 },
  async run({ responses }) {
    const random = generator(0x6d2b79f5);
    let cut = 0;
    const origin = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        const body = 'x'.repeat(1 + random(20_000));
        const bytes = `HTTP/1.1 200 OK\r\n${framings[names[random(names.length)]!](body)}`;
        const head = bytes.indexOf('\r\n\r\n') + 4;
        // At least the head goes out, at least one byte does not.
        const at = head + random(bytes.length - head);
        cut++;
        socket.write(bytes.slice(0, at), () => (random(2) === 0 ? socket.destroy() : socket.resetAndDestroy()));
      });
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const address = { host: '127.0.0.1', port: (origin.address() as net.AddressInfo).port };
    const figures: Record<string, number> = {};
    let bad = 0;
    for (const name of ['l7-http', 'l7-tls', 'l4-tcp']) {
      await using subject = await startSubject(name, [address]);
      let asked = 0;
      const one = async () => {
        while (asked < responses) {
          asked++;
          const socket = dial(subject).setEncoding('latin1');
          let text = '';
          let ending: 'FIN' | 'error' = 'FIN';
          socket.on('data', (part: string | Buffer) => (text += String(part)));
          socket.on('error', () => (ending = 'error'));
          socket.on('end', () => socket.end());
          // HTTP/1.0 clients know the end of a chunked body by the end of the connection alone.
          socket.write(`GET / HTTP/1.${random(2)}\r\nHost: soak\r\nConnection: close\r\n\r\n`);
          await new Promise<void>((resolve) => socket.once('close', () => resolve()));
          // What never reached the client as a 200 is an error that it sees.
          if (text.startsWith('HTTP/1.1 200') && isComplete(text, ending)) bad++;
        }
      };
      await Promise.all(Array.from({ length: 16 }, one));
      figures[`${name}: responses cut`] = asked;
    }
    origin.close();
    assert.ok(cut >= 3 * responses);
    assert.equal(bad, 0, `${bad} truncated responses looked complete`);
    return { ...figures, 'seen as complete': bad };
  },
};
