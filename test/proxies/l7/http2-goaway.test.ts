/** Either side goes away under load: what was not acted upon is asked again, what was is answered, and nothing is done twice. */
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect, constants, createServer, type OutgoingHttpHeaders } from 'node:http2';
import { describe, it } from 'node:test';
import { lab } from './http2-lab.ts';

interface Ended {
  readonly status: number;
  readonly code: number;
}

const asked = (session: ClientHttp2Session, headers: OutgoingHttpHeaders, content?: string): Promise<Ended> =>
  new Promise((resolve) => {
    let status = 0;
    const stream = session.request(headers, { endStream: content === undefined });
    stream.on('response', (found) => (status = found[':status'] ?? 0));
    stream.on('error', () => {});
    stream.on('close', () => resolve({ status, code: stream.rstCode }));
    stream.resume();
    if (content !== undefined) stream.end(content);
  });

/** `workers` at a time, until there have been `count`. */
async function load(count: number, workers: number, one: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: workers }, work));
}

describe('GOAWAY under load', () => {
  it('from origins: what they did not look at is asked again, and all is done once', async () => {
    const done = new Map<string, number>();
    let sessions = 0;
    const origin = createServer();
    origin.on('session', (session) => {
      sessions++;
      let streams = 0;
      let last = Infinity;
      session.on('stream', (stream, headers) => {
        stream.on('error', () => {});
        if (stream.id! > last) return; // as the GOAWAY says
        const name = String(headers['x-name']);
        done.set(name, (done.get(name) ?? 0) + 1);
        stream.resume().on('end', () => {
          stream.respond({ ':status': 200 });
          stream.end(name);
        });
        if (++streams !== 15) return;
        last = stream.id!;
        session.goaway(constants.NGHTTP2_NO_ERROR, last);
      });
    });
    await using setup = await lab(origin, 'http2');
    const session = connect(`http://127.0.0.1:${setup.port}`);
    const COUNT = 600;
    await load(COUNT, 40, async (at) => {
      if (at % 3 > 0) assert.deepEqual(await asked(session, { 'x-name': at }), { status: 200, code: 0 });
      else {
        // The body is not kept, so that its client has to ask again, which it is told that it may.
        for (;;) {
          const { status, code } = await asked(session, { ':method': 'POST', 'x-name': at }, 'content');
          if (status === 200) break;
          assert.equal(code, constants.NGHTTP2_REFUSED_STREAM);
        }
      }
    });
    assert.equal(done.size, COUNT);
    assert.deepEqual(
      [...done].filter(([, times]) => times !== 1),
      [],
    );
    assert.ok(sessions > 10);
    session.destroy();
  });

  it('to clients whose connections are worn out: nothing that was sent is lost', async () => {
    const origin = createServer((request, response) => void request.resume().on('end', () => response.end('ok')));
    await using setup = await lab(origin, 'http2', { limits: { requestsPerConnection: 25 } });
    let sessions = 0;
    let current: ClientHttp2Session | undefined;
    const session = (): ClientHttp2Session => {
      if (current !== undefined) return current;
      sessions++;
      const opened = connect(`http://127.0.0.1:${setup.port}`);
      opened.on('goaway', () => (current = current === opened ? undefined : current));
      return (current = opened);
    };
    await load(600, 20, async (at) => {
      const content = at % 2 > 0 ? 'content' : undefined;
      const headers = content === undefined ? {} : { ':method': 'POST' };
      assert.deepEqual(await asked(session(), headers, content), { status: 200, code: 0 });
    });
    assert.ok(sessions > 10, `${sessions} sessions`);
    current?.destroy();
  });
});
