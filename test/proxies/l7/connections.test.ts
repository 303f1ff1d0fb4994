/** Connections on both sides: reuse, order, aborts, retries, early answers, backpressure, timeouts, drain, reload. */
import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { definition } from '#proxies/l7/l7-http.ts';
import { answering, ok, Origin, type Reader, setup } from './lab.ts';

const get = (path = '/', lines = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const last = 'Connection: close\r\n';

describe('l7-http connections', () => {
  it('answers pipelined requests in order over one upstream connection', async () => {
    await using lab = await setup((connection) => {
      let seen = 0;
      connection.socket.on('data', () => {
        const paths = [...connection.text.matchAll(/^GET (\S+)/gm)].map((match) => match[1]!);
        for (; seen < paths.length; seen += 1) {
          const body = paths[seen]!;
          connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        }
      });
    });
    const paths = Array.from({ length: 50 }, (_, index) => `/p${index}`);
    const answer = await lab.exchange(paths.map((path, index) => get(path, index === 49 ? last : '')).join(''));
    assert.deepEqual(answer.match(/\/p\d+/g), paths);
    assert.equal(lab.origin.connections.length, 1);
  });

  it('understands requests split at every octet', async () => {
    await using lab = await setup(answering(ok));
    const client = await lab.client();
    client.socket.setNoDelay(true);
    for (const octet of get('/x', last)) {
      client.send(octet);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match(await client.end(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*ok$/);
  });

  it('keeps HTTP/1.0 connections only where asked to', async () => {
    await using lab = await setup(answering(ok));
    assert.match(await lab.exchange('GET / HTTP/1.0\r\n\r\n'), /Connection: close/);
    const client = await lab.client();
    await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').sees('Connection: keep-alive\r\n\r\nok');
    await client.send('GET / HTTP/1.0\r\n\r\n').sees('Connection: close');
  });

  it('closes after the number of requests that is allowed', async () => {
    await using lab = await setup(answering(ok), { limits: { requestsPerConnection: 2 } });
    const answer = await lab.exchange(get() + get() + get());
    assert.equal(answer.match(/200 OK/g)?.length, 2);
    assert.equal(answer.match(/Connection: close/g)?.length, 1);
  });

  it('a client that goes away frees the origin at once', async () => {
    await using lab = await setup(() => {});
    const client = await lab.client();
    client.send(get());
    const upstream = await lab.origin.connection(0);
    await upstream.sees('\r\n\r\n');
    client.socket.destroy();
    await upstream.close();
  });

  it('sends again what is idempotent after a reused connection closed without a word, and nothing else', async () => {
    const script = (connection: Reader, index: number): void => {
      if (index > 0) {
        answering(ok)(connection);
        return;
      }
      void connection.sees('\r\n\r\n').then(async () => {
        connection.send(ok);
        await connection.until(() => connection.text.split('\r\n\r\n').length > 2);
        connection.socket.destroy();
      });
    };
    {
      await using lab = await setup(script);
      const client = await lab.client();
      await client.send(get()).sees('ok');
      client.send(get('/again', last));
      assert.equal((await client.end()).match(/200 OK/g)?.length, 2);
      assert.equal(lab.origin.connections.length, 2);
    }
    await using lab = await setup(script);
    const client = await lab.client();
    await client.send(get()).sees('ok');
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx');
    assert.match(await client.end(), /HTTP\/1\.1 502/);
    assert.equal(lab.origin.connections.length, 1);
  });

  it('does not repeat a request on a fresh connection', async () => {
    await using lab = await setup((connection) => {
      void connection.sees('\r\n\r\n').then(() => connection.socket.destroy());
    });
    assert.match(await lab.exchange(get('/', last)), /HTTP\/1\.1 502/);
    assert.equal(lab.origin.connections.length, 1);
  });

  it('goes to another endpoint when one refuses: nothing was sent yet', async () => {
    await using good = await new Origin(answering(ok)).listen();
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const endpoints = [port, good.port].map((at) => ({ host: '127.0.0.1', port: at }));
    await using lab = await setup(() => {}, {});
    await lab.proxy.reload?.({
      listener: { address: lab.proxy.address },
      clusters: [{ name: 'c', endpoints }],
      defaultCluster: 'c',
    });
    for (let n = 0; n < 4; n += 1) {
      const answer = await lab.exchange(
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
      );
      assert.match(answer, /^HTTP\/1\.1 200/);
    }
  });

  it('discards an idle origin connection that speaks', async () => {
    await using lab = await setup((connection) => {
      void connection
        .sees('\r\n\r\n')
        .then(() => connection.send(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`));
    });
    assert.match(await lab.exchange(get('/', last)), /ok$/);
    await (await lab.origin.connection(0)).end();
  });

  it('delivers an early answer, closes gently and does not reuse the origin', async () => {
    await using lab = await setup(async (connection) => {
      await connection.sees('\r\n\r\n');
      connection.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    });
    const client = await lab.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc');
    assert.match(await client.end(), /^HTTP\/1\.1 413 [\s\S]*Connection: close\r\n\r\nno$/);
    client.send('x'.repeat(100_000)); // still on its way: no reset may take the answer away
    client.socket.end();
    await client.close();
    assert.equal(client.error, undefined);
    await (await lab.origin.connection(0)).end();
  });

  it('holds back a stalled reader of a large body', async () => {
    const size = 64 * 1024 * 1024;
    const block = 'x'.repeat(65_536);
    let sent = 0;
    await using lab = await setup(async (connection) => {
      await connection.sees('\r\n\r\n');
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const more = (): void => {
        while (sent < size) {
          sent += block.length;
          if (!connection.socket.write(block)) {
            connection.socket.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const socket = connect({ port: lab.proxy.address.port, host: '127.0.0.1' });
    socket.write(get('/', last));
    socket.pause();
    // The origin's side comes to rest: all buffers between are full.
    for (let before = -1; before !== sent || sent === 0;) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(sent < size / 2, `origin could send ${sent} of ${size}`);
    let received = 0;
    for await (const chunk of socket) received += (chunk as Buffer).length;
    assert.ok(received > size && received < size + 200);
  });

  it('holds back a stalled origin of a large upload', async () => {
    const size = 32 * 1024 * 1024;
    await using lab = await setup((connection) => {
      connection.socket.pause();
    });
    const socket = connect({ port: lab.proxy.address.port, host: '127.0.0.1' });
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
    socket.write(Buffer.alloc(size));
    const upstream = await lab.origin.connection(0);
    for (let before = -1; before !== socket.writableLength;) {
      before = socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(socket.bytesWritten - socket.writableLength < size, 'not all of it was taken');
    let received = 0;
    upstream.socket.on('data', (chunk: unknown) => {
      received += String(chunk).length;
      upstream.text = '';
      if (received >= size) upstream.send(ok);
    });
    upstream.socket.resume();
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    assert.match(answer, /ok$/);
  });

  describe('timeouts', () => {
    it('408 for a slow head', async () => {
      await using lab = await setup(() => {}, { timeouts: { requestHead: 50 } });
      assert.match(await lab.exchange('GET / HTTP/1.1\r\nHost'), /^HTTP\/1\.1 408 /);
    });
    it('408 for a slow body', async () => {
      await using lab = await setup(() => {}, { timeouts: { requestBody: 50 } });
      assert.match(await lab.exchange('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx'), /^HTTP\/1\.1 408 /);
    });
    it('504 for a slow answer', async () => {
      await using lab = await setup(() => {}, { timeouts: { upstreamResponse: 50 } });
      assert.match(await lab.exchange(get('/', last)), /^HTTP\/1\.1 504 /);
    });
    it('an idle client is closed without a word', async () => {
      await using lab = await setup(answering(ok), { timeouts: { downstreamIdle: 50 } });
      const client = await lab.client();
      await client.send(get()).sees('ok');
      assert.match(await client.end(), /ok$/);
    });
    it('an idle origin is let go', async () => {
      await using lab = await setup(answering(ok), { timeouts: { upstreamIdle: 50 } });
      await lab.exchange(get('/', last));
      await (await lab.origin.connection(0)).end();
    });
    it('a silent tunnel is closed', async () => {
      await using lab = await setup(
        (connection) => {
          void connection
            .sees('\r\n\r\n')
            .then(() => connection.send('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'));
        },
        { timeouts: { tunnelIdle: 50 } },
      );
      assert.match(await lab.exchange(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n')), /^HTTP\/1\.1 101 /);
    });
  });

  it('drains: what is under way is finished, idle connections are closed, new ones refused', async () => {
    let answer: () => void = () => {};
    await using lab = await setup((connection) => {
      answer = () => void connection.send(ok);
      connection.socket.once('data', () => connection.send(''));
    });
    const idle = await lab.client();
    const busy = await lab.client();
    busy.send(get());
    await (await lab.origin.connection(0)).sees('\r\n\r\n');
    const drained = lab.proxy.drain?.();
    await idle.end();
    idle.socket.end();
    answer();
    assert.match(await busy.end(), /Connection: close\r\n\r\nok$/);
    busy.socket.end();
    await drained;
    await assert.rejects(async () => {
      const socket = connect(lab.proxy.address.port, '127.0.0.1');
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    });
  });

  it('reloads: connections go on, new requests go where the new intent says', async () => {
    await using lab = await setup(answering(ok));
    await using other = await new Origin(answering(ok.replace('ok', 'ko').replace('200 OK', '200 OK'))).listen();
    const client = await lab.client();
    await client.send(get()).sees('ok');
    await lab.proxy.reload?.({
      listener: { address: lab.proxy.address },
      clusters: [{ name: 'new', endpoints: [{ host: '127.0.0.1', port: other.port }] }],
      defaultCluster: 'new',
    });
    await client.send(get()).sees('ko');
    await (await lab.origin.connection(0)).end(); // the old pool is emptied
    await assert.rejects(
      Promise.resolve(
        lab.proxy.reload?.({ listener: { address: lab.proxy.address }, clusters: [], defaultCluster: 'none' }),
      ),
      { code: 'ERR_INTENT' },
    );
    await client.send(get()).until(() => client.text.split('ko').length === 3);
  });

  it('refuses TLS in the intent', async () => {
    await assert.rejects(
      definition.start(
        { listener: { address: { host: '127.0.0.1', port: 0 }, tls: { certificates: [] } }, clusters: [] },
        new AbortController().signal,
      ),
      { code: 'ERR_INTENT' },
    );
  });
});
