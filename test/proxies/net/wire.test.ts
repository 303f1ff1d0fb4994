/** Both kinds of wire against the same expectations: the plain path runs in a child, forced by HOPCOST_PLAIN_SOCKETS. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { faultCount } from '#proxies/platform/notices.ts';
import { tcpInternals } from '#proxies/platform/tcp-handle.ts';
import type { ConnectHandler, Wire, WireHandler } from '#proxies/net/wire.ts';
import { connectWire } from '#proxies/net/connect.ts';
import { listenWires } from '#proxies/net/listen.ts';

const local = { host: '127.0.0.1', port: 0 };
const plain = process.env['HOPCOST_PLAIN_SOCKETS'] === '1';

/** Records what comes, and lets a test wait for it. */
class Recorder implements ConnectHandler {
  wire: Wire | undefined;
  readonly events: string[] = [];
  received = Buffer.alloc(0);
  error: NodeJS.ErrnoException | undefined;
  #waiting: (() => void)[] = [];
  keep = true;

  onConnect(wire: Wire): void {
    this.wire = wire;
    wire.resume();
    this.#note('connect');
  }
  onConnectError(error: NodeJS.ErrnoException): void {
    this.error = error;
    this.#note('connect-error');
  }
  onData(chunk: Buffer): void {
    if (this.keep) this.received = Buffer.concat([this.received, chunk]);
    this.#note('data');
  }
  onEnd(): void {
    this.#note('end');
  }
  onDrain(): void {
    this.#note('drain');
  }
  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.error = error;
    this.#note('close');
  }
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  async bytes(count: number): Promise<void> {
    while (this.received.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  #note(event: string): void {
    this.events.push(event);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A listener whose accepted wires are recorded and started. */
async function serve() {
  const accepted: Recorder[] = [];
  let wake: () => void = () => {};
  const listener = await listenWires(local, (wire) => {
    const recorder = new Recorder();
    recorder.wire = wire;
    wire.handler = recorder;
    wire.resume();
    accepted.push(recorder);
    wake();
  });
  return {
    listener,
    async next(): Promise<Recorder & { wire: Wire }> {
      while (accepted.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return accepted.shift() as Recorder & { wire: Wire };
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

/** A client over node:net, independent of what is tested. */
async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

describe(`wire (${plain ? 'plain' : 'handle'} path)`, () => {
  it('uses the path it is told to', { skip: !plain && tcpInternals === undefined && 'no internals here' }, () => {
    assert.equal(tcpInternals === undefined, plain);
  });

  it('delivers bytes both ways and knows its addresses', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    socket.write('hello');
    const peer = await server.next();
    await peer.bytes(5);
    assert.equal(peer.received.toString(), 'hello');
    assert.equal(peer.wire.remotePort, socket.localPort);
    assert.equal(peer.wire.remoteAddress, '127.0.0.1');
    assert.equal(peer.wire.localPort, server.listener.address.port);
    assert.equal(peer.wire.writeLatin1('ünï'), true);
    assert.equal(peer.wire.write(Buffer.from('!')), true);
    const [text] = (await new Promise<[Buffer]>((resolve) => {
      let got = '';
      socket.setEncoding('latin1').on('data', (d: unknown) => {
        got += String(d);
        if (got.length === 4) resolve([Buffer.from(got, 'latin1')]);
      });
    })) as [Buffer];
    assert.equal(text.toString('latin1'), 'ünï!');
    socket.destroy();
    peer.wire.destroy();
    await peer.until('close');
  });

  it('keeps the other direction open after a FIN, and closes once both ended', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    socket.end('bye');
    const peer = await server.next();
    await peer.until('end');
    assert.equal(peer.received.toString(), 'bye');
    assert.equal(peer.wire.open, true);
    peer.wire.writeLatin1('late');
    peer.wire.end();
    const late = await new Promise((resolve) => {
      let got = '';
      socket.on('data', (d) => (got += String(d))).on('end', () => resolve(got));
    });
    assert.equal(late, 'late');
    await peer.until('close');
    assert.equal(peer.error, undefined);
    assert.equal(peer.events.filter((event) => event === 'close').length, 1);
    assert.equal(server.listener.active, 0);
  });

  it('sends our FIN first and still receives', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    const peer = await server.next();
    peer.wire.end();
    await new Promise((resolve) => socket.resume().once('end', resolve));
    socket.end('after');
    await peer.until('close');
    assert.equal(peer.received.toString(), 'after');
  });

  it('tells a reset as an error, once', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    const peer = await server.next();
    socket.resetAndDestroy();
    await peer.until('close');
    assert.equal(peer.error?.code, 'ECONNRESET');
    assert.deepEqual(peer.events, ['close']);
  });

  it('resets so that the peer sees ECONNRESET', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    const peer = await server.next();
    const seen = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    peer.wire.reset();
    assert.equal((await seen).code, 'ECONNRESET');
    await peer.until('close');
    assert.equal(peer.error, undefined);
  });

  /** Writes until the kernel takes no more. */
  const fill = (wire: Wire): number => {
    let sent = 0;
    while (wire.write(Buffer.alloc(60_000)) || sent < 20_000_000) sent += 60_000;
    return sent + 60_000;
  };

  it('ends after its backlog, and tells when that and the FIN are out', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    socket.pause();
    const peer = await server.next();
    const sent = fill(peer.wire);
    assert.equal(peer.wire.end(), false);
    assert.equal(peer.wire.end(), false);
    let received = 0;
    for await (const part of socket) received += (part as Buffer).length;
    assert.equal(received, sent);
    await peer.until('drain');
    assert.deepEqual(
      peer.events.filter((event) => event === 'drain'),
      ['drain'],
    );
    socket.end();
    await peer.until('close');
    assert.equal(peer.error, undefined);
    const idle = await client(server.listener.address.port);
    assert.equal((await server.next()).wire.end(), true);
    idle.destroy();
  });

  for (const ending of [false, true]) {
    it(`resets where it throws a backlog away${ending ? ', after its end too' : ''}`, async () => {
      await using server = await serve();
      const socket = await client(server.listener.address.port);
      socket.pause();
      const peer = await server.next();
      fill(peer.wire);
      if (ending) peer.wire.end();
      peer.wire.destroy();
      await peer.until('close');
      await assert.rejects(
        async () => {
          for await (const _ of socket);
        },
        { code: 'ECONNRESET' },
      );
    });
  }

  it('survives what a handler throws: that wire is reset, the fault is told, the others go on', async () => {
    const faults = faultCount();
    await using server = await serve();
    const bystander = await client(server.listener.address.port);
    const other = await server.next();
    const broken = ['onData', 'onEnd', 'onClose'] as const;
    for (const callback of broken) {
      const socket = await client(server.listener.address.port);
      const peer = await server.next();
      const closed = Promise.withResolvers<void>();
      peer.wire.handler = {
        onData() {},
        onEnd() {},
        onDrain() {},
        onClose: () => closed.resolve(),
        [callback]() {
          closed.resolve();
          throw new Error(`planted in ${callback}`);
        },
      };
      const gone = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
      if (callback === 'onClose') peer.wire.destroy();
      else socket[callback === 'onData' ? 'write' : 'end']('x');
      await closed.promise;
      socket.resume();
      if (callback === 'onClose') socket.end();
      await gone;
    }
    assert.equal(faultCount(), faults + broken.length);
    bystander.write('still here');
    await other.bytes(10);
    bystander.destroy();
  });

  it('survives owners that throw as they are given a wire', async () => {
    const faults = faultCount();
    let first = true;
    const accepted = Promise.withResolvers<void>();
    await using listener = await listenWires(local, (wire) => {
      if (!first) accepted.resolve();
      else {
        first = false;
        throw new Error('planted in accept');
      }
      wire.destroy();
    });
    for (let turn = 0; turn < 2; turn++) {
      const socket = connect(listener.address.port, '127.0.0.1').on('error', () => {});
      await new Promise((resolve) => socket.resume().once('close', resolve));
    }
    await accepted.promise;
    await using server = await serve();
    const recorder = new Recorder();
    recorder.onConnect = () => {
      throw new Error('planted in connect');
    };
    connectWire(server.listener.address, recorder, { timeout: 0 });
    await recorder.until('close');
    assert.equal(faultCount(), faults + 2);
  });

  it('queues what the kernel does not take, in order, and drains', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    socket.pause();
    const peer = await server.next();
    const hash = createHash('sha256');
    const chunk = randomBytes(60_000);
    let sent = 0;
    let accepted = true;
    // The same memory is refilled after every write, as a read buffer would be.
    while (accepted || sent < 20_000_000) {
      chunk.writeUInt32BE(sent, 0);
      hash.update(chunk);
      accepted = peer.wire.write(chunk);
      sent += chunk.length;
      chunk.fill(sent & 0xff, 100, 200);
    }
    assert.ok(peer.wire.pending > 0);
    peer.wire.writeLatin1('tail');
    hash.update('tail');
    void peer.until('drain').then(() => peer.wire.end());
    const got = createHash('sha256');
    let received = 0;
    for await (const part of socket) {
      got.update(part as Buffer);
      received += (part as Buffer).length;
    }
    assert.equal(received, sent + 4);
    assert.equal(got.digest('hex'), hash.digest('hex'));
    assert.equal(peer.wire.pending, 0);
    socket.destroy();
    peer.wire.destroy();
    await peer.until('close');
  });

  it('relays bulk intact through reused buffers with backpressure, several connections at once', async () => {
    const size = 8_000_000;
    const sink = createServer((socket) => {
      const hash = createHash('sha256');
      let stalls = 0;
      socket.on('data', (part) => {
        hash.update(part);
        if (++stalls % 16 === 0) {
          socket.pause();
          setImmediate(() => socket.resume());
        }
      });
      socket.on('end', () => socket.end(hash.digest('hex')));
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const target = { host: '127.0.0.1', port: (sink.address() as AddressInfo).port };
    let most = 0;
    await using listener = await listenWires(local, (down) => {
      const toDown: ConnectHandler = {
        onConnect(up) {
          const toUp: WireHandler = {
            onData(chunk) {
              const third = Math.floor(chunk.length / 3); // several writes out of one read
              up.write(chunk.subarray(0, third));
              if (!up.write(chunk.subarray(third))) down.pause();
              most = Math.max(most, up.pending);
            },
            onEnd: () => up.end(),
            onDrain: () => up.resume(),
            onClose: () => up.destroy(),
          };
          down.handler = toUp;
          down.resume();
          up.resume();
        },
        onConnectError: () => down.reset(),
        onData(chunk) {
          if (!down.write(chunk)) throw new Error('a digest fits');
        },
        onEnd: () => down.end(),
        onDrain: () => down.resume(),
        onClose: () => down.destroy(),
      };
      connectWire(target, toDown, { timeout: 1000 });
    });
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const body = randomBytes(size);
        const socket = await client(listener.address.port);
        socket.end(body);
        let digest = '';
        for await (const part of socket) digest += String(part);
        assert.equal(digest, createHash('sha256').update(body).digest('hex'));
      }),
    );
    assert.ok(most <= 200_000, `at most about two buffers wait, ${most} did`);
    sink.close();
  });

  it('does not read while paused', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    const peer = await server.next();
    socket.write('one');
    await peer.bytes(3);
    peer.wire.pause();
    socket.write('two');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(peer.received.toString(), 'one');
    peer.wire.resume();
    await peer.bytes(6);
    assert.equal(peer.received.toString(), 'onetwo');
    socket.destroy();
    peer.wire.destroy();
    await peer.until('close');
  });

  it('destroys once, however often it is told, and ignores writes afterwards', async () => {
    await using server = await serve();
    const socket = await client(server.listener.address.port);
    const peer = await server.next();
    peer.wire.destroy();
    peer.wire.destroy();
    peer.wire.reset();
    peer.wire.end();
    peer.wire.writeLatin1('x');
    await peer.until('close');
    assert.deepEqual(peer.events, ['close']);
    socket.destroy();
  });

  it('connects by address and by name, and tells a refusal', async () => {
    await using server = await serve();
    for (const host of ['127.0.0.1', 'localhost']) {
      const recorder = new Recorder();
      connectWire({ host, port: server.listener.address.port }, recorder, { timeout: 2000 });
      await recorder.until('connect');
      const peer = await server.next();
      recorder.wire?.writeLatin1('hi');
      await peer.bytes(2);
      recorder.wire?.destroy();
      await recorder.until('close');
    }
    const { port } = server.listener.address;
    await server.listener.close();
    const refused = new Recorder();
    connectWire({ host: '127.0.0.1', port }, refused, { timeout: 2000 });
    await refused.until('connect-error');
    assert.equal(refused.error?.code, 'ECONNREFUSED');
  });

  it('reports nothing after it was abandoned', async () => {
    await using server = await serve();
    const recorder = new Recorder();
    connectWire(server.listener.address, recorder, { timeout: 2000 }).abandon();
    const other = new Recorder();
    connectWire(server.listener.address, other, { timeout: 2000 });
    await other.until('connect');
    assert.deepEqual(recorder.events, []);
    other.wire?.destroy();
    await other.until('close');
  });

  it('refuses a port that is taken', async () => {
    await using server = await serve();
    await assert.rejects(
      listenWires(server.listener.address, () => {}),
      { code: 'EADDRINUSE' },
    );
  });

  it('closes connections above its limit', async () => {
    const wires: Wire[] = [];
    await using listener = await listenWires(local, (wire) => wires.push(wire), { connections: 1 });
    const first = await client(listener.address.port);
    const second = await client(listener.address.port);
    await new Promise((resolve) =>
      second
        .resume()
        .on('error', () => {})
        .once('close', resolve)
        .once('end', () => second.end()),
    );
    assert.equal(listener.active, 1);
    first.destroy();
    for (const wire of wires) wire.destroy();
  });
});

if (!plain) {
  it('passes the same tests on plain sockets', () => {
    const child = spawnSync(process.execPath, ['--test', import.meta.filename], {
      env: { ...process.env, HOPCOST_PLAIN_SOCKETS: '1', NODE_TEST_CONTEXT: undefined },
      encoding: 'utf8',
    });
    assert.equal(child.status, 0, child.stdout + child.stderr);
  });
}
