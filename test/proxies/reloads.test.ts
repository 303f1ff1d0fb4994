/** New intents, one after the other, over time, and by calls on a socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { link, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { startControl } from '#proxies/control.ts';
import { inTurn } from '#proxies/platform/in-turn.ts';
import { proxies } from '#proxies/registry.ts';
import { Reloads } from '#proxies/reloads.ts';
import { startTogether, type Part } from '#proxies/together.ts';
import { ManualClock } from './cluster/manual-clock.ts';
import { loopback, never, serve } from './sockets.ts';

const definition = proxies.get('l7-http')!;

/** `weight` of 100 goes to the cluster green. */
const part = (weight: number, ports: readonly [number, number] = [1, 2]): Part => ({
  definition,
  intent: {
    listener: { address: loopback },
    clusters: ['blue', 'green'].map((name, i) => ({ name, endpoints: [{ host: '127.0.0.1', port: ports[i]! }] })),
    routes: [
      {
        match: {},
        action: {
          kind: 'forward',
          clusters: [
            { name: 'blue', weight: 100 - weight },
            { name: 'green', weight },
          ],
        },
      },
    ],
  },
});

function greenOf({ intent }: Part): number {
  const action = intent.routes![0]!.action;
  assert.ok(action.kind === 'forward');
  const [blue = 0, green = 0] = action.clusters.map(({ weight = 1 }) => weight);
  return Math.round((100 * green) / (blue + green));
}

/** What runs, as a test sees it: each reload takes a while. */
class Running {
  parts: readonly Part[] = [part(0)];
  readonly log: number[] = [];
  broken = false;
  underWay = 0;

  async reload(next: readonly Part[]): Promise<void> {
    assert.equal(++this.underWay, 1, 'one at a time');
    await Promise.resolve();
    this.underWay--;
    if (this.broken) throw new Error('cannot be run');
    this.parts = next;
    this.log.push(greenOf(next[0]!));
  }
}

describe('reloads', () => {
  it('in turn: in order, one at a time, whatever becomes of one', async () => {
    const queue = inTurn();
    const log: string[] = [];
    const step = (name: string, fails = false) =>
      queue(async () => {
        log.push(`${name} begins`);
        await new Promise(setImmediate);
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([step('a'), step('b', true), step('c')]);
    assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  it('a reload amid a reload waits; one that is broken leaves what runs', async () => {
    const running = new Running();
    const reloads = new Reloads(running, new ManualClock());
    await Promise.all([10, 20, 30].map((weight) => reloads.apply(() => [part(weight)])));
    assert.deepEqual(running.log, [10, 20, 30]);
    running.broken = true;
    await assert.rejects(
      reloads.apply(() => [part(40)]),
      /cannot be run/,
    );
    await assert.rejects(
      reloads.apply(() => {
        throw new Error('cannot be read');
      }),
      /cannot be read/,
    );
    running.broken = false;
    assert.equal(greenOf(reloads.parts[0]!), 30);
    await reloads.apply(() => [part(50)]);
    assert.equal(greenOf(reloads.parts[0]!), 50);
  });

  it('weights take their time, in small steps, and end where they were to go', async () => {
    const running = new Running();
    const clock = new ManualClock();
    const reloads = new Reloads(running, clock);
    await reloads.apply(() => [part(100)], 1_000);
    assert.deepEqual(running.log, [0]);
    await clock.pass(505);
    const half = running.log.at(-1)!;
    assert.ok(half >= 48 && half <= 51, `${half}`);
    await clock.pass(600);
    assert.deepEqual(running.parts[0]!.intent, part(100).intent);
    assert.equal(running.log.at(-1), 100);
    assert.ok(running.log.length > 30);
    assert.ok(running.log.every((weight, i) => i === 0 || weight - running.log[i - 1]! <= 4));
    assert.equal(clock.waiting, 0);
  });

  it('another intent ends a shift, one that is broken does not', async () => {
    const running = new Running();
    const clock = new ManualClock();
    const reloads = new Reloads(running, clock);
    await reloads.apply(() => [part(100)], 1_000);
    await clock.pass(300);
    running.broken = true;
    await assert.rejects(reloads.apply(() => [part(5)]));
    running.broken = false;
    await clock.pass(200);
    assert.ok(running.log.at(-1)! >= 48, 'it goes on');
    await reloads.apply(() => [part(20)]);
    await clock.pass(2_000);
    assert.equal(running.log.at(-1), 20);
    assert.equal(clock.waiting, 0);
    await reloads.apply(() => [part(60)], 1_000);
    await clock.pass(100);
    reloads[Symbol.dispose]();
    const { length } = running.log;
    await clock.pass(2_000);
    assert.equal(running.log.length, length);
  });
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function call(socketPath: string, method: string, path: string, body = ''): Promise<Answer> {
  const asked = request({ socketPath, method, path, agent: false });
  asked.on('error', () => {}); // after the answer, too, where that came before the body was taken
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, body: await text(response) };
}

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-control-'));
  return { socket: join(folder, 'control'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** Answers every request with `name`. */
const origin = (name: string) =>
  serve((socket) =>
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`)),
  );

/** Ends a server as a kill would: its socket stays. */
async function abandon(path: string, server: Server): Promise<void> {
  await link(path, `${path}.kept`);
  server.close();
  await once(server, 'close');
  await rename(`${path}.kept`, path);
}

describe('control socket', () => {
  it('takes whole intents: what runs then serves by them, and what cannot be run changes nothing', async () => {
    await using blue = await origin('blue');
    await using green = await origin('green');
    await using place = await scratch();
    const ports = [blue.address.port, green.address.port] as const;
    await using running = await startTogether([part(0, ports)], undefined, never);
    using reloads = new Reloads(running);
    await using _ = await startControl(place.socket, { reloads });
    const served = async () => (await fetch(`http://127.0.0.1:${running.address.port}/`)).text();
    assert.equal(await served(), 'blue');
    const green100 = part(100, ports).intent;
    assert.deepEqual(await call(place.socket, 'PUT', '/intent', JSON.stringify(green100)), {
      status: 200,
      body: '{"reloaded":true}\n',
    });
    assert.equal(await served(), 'green');
    const shown = await call(place.socket, 'GET', '/intent');
    assert.deepEqual(JSON.parse(shown.body), [green100]);

    const broken: readonly (readonly [string, string, string, number, RegExp])[] = [
      ['PUT', '/intent', '{', 400, /no JSON/],
      ['PUT', '/intent', '{}', 400, /listener/],
      ['PUT', '/intent', '[]', 400, /0 intent\(s\) for 1 listener\(s\)/],
      ['PUT', '/intent', JSON.stringify({ ...green100, defaultCluster: 'red' }), 400, /no cluster is called red/],
      ['PUT', '/intent', JSON.stringify({ ...green100, concurrency: 4 }), 400, /concurrency.*cannot change/],
      ['PUT', '/intent?over=-1', JSON.stringify(green100), 400, /milliseconds/],
      ['PUT', '/config', 'static_resources: {}', 400, /not started from a configuration file/],
      ['POST', '/intent', '', 404, /PUT \/intent/],
      ['GET', '/', '', 404, /PUT \/intent/],
    ];
    for (const [method, path, body, status, message] of broken) {
      const answer = await call(place.socket, method, path, body);
      assert.equal(answer.status, status, `${method} ${path} ${body}`);
      assert.match((JSON.parse(answer.body) as { error: string }).error, message);
      assert.equal(await served(), 'green');
    }
    const over = await call(place.socket, 'PUT', '/intent?over=600000', JSON.stringify(part(0, ports).intent));
    assert.equal(over.status, 200);
    assert.equal(await served(), 'green', 'the shift has hardly begun');
  });

  it('takes configuration files where it was started from one', async () => {
    await using place = await scratch();
    const running = new Running();
    using reloads = new Reloads(running, new ManualClock());
    const readConfig = (config: string): readonly Part[] => [part(Number(config))];
    await using _ = await startControl(place.socket, { reloads, readConfig });
    assert.equal((await call(place.socket, 'PUT', '/config', '35')).status, 200);
    assert.deepEqual(running.log, [35]);
  });

  it('nobody else may open it; what a dead process left is removed, what lives is not', async () => {
    await using place = await scratch();
    const reloads = new Reloads(new Running(), new ManualClock());
    const abandoned = createServer().listen(place.socket);
    await once(abandoned, 'listening');
    await assert.rejects(startControl(place.socket, { reloads }), /somebody else listens there/);
    await abandon(place.socket, abandoned);
    {
      await using _ = await startControl(place.socket, { reloads });
      assert.equal((await stat(place.socket)).mode & 0o777, 0o600);
      assert.equal((await call(place.socket, 'GET', '/intent')).status, 200);
    }
    await assert.rejects(startControl(join(place.socket, 'nowhere', 'x'), { reloads }));
  });

  it('reads no body without an end', async () => {
    await using place = await scratch();
    const reloads = new Reloads(new Running(), new ManualClock());
    await using _ = await startControl(place.socket, { reloads });
    const answer = await call(place.socket, 'PUT', '/intent', 'x'.repeat(17 * 1024 * 1024)).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    assert.ok(
      answer === 'EPIPE' || answer === 'ECONNRESET' || (answer as Answer).status === 413,
      JSON.stringify(answer),
    );
  });
});

/** Reloads of what really runs, many at once. */
describe('several event loops', () => {
  it('the last of many reloads at once is in force on all of them', async () => {
    await using blue = await origin('blue');
    await using green = await origin('green');
    const ports = [blue.address.port, green.address.port] as const;
    const intent = (weight: number): ProxyIntent => ({ ...part(weight, ports).intent, concurrency: 3 });
    await using proxy = await definition.start(intent(0), never);
    await Promise.all([100, 0, 100, 0, 100].map((weight) => proxy.reload!(intent(weight))));
    for (let i = 0; i < 24; i++) {
      const response = await fetch(`http://127.0.0.1:${proxy.address.port}/`, { headers: { connection: 'close' } });
      assert.equal(await response.text(), 'green');
    }
  });
});
