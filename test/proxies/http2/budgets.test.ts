/** What a peer may make us do for nothing ends, each kind by itself, and is given back with time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUDGETS, type BudgetKind, Budgets } from '#proxies/http2/budgets.ts';
import { frame, uint32 } from './frame-bytes.ts';
import { greetedServer, type Recorder } from './recorder.ts';
import { block, GET, OK, POST, section } from './requests.ts';

const repeat = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
const id = (at: number): number => at * 2 + 1;
const huge = block([...GET, ['x-huge', 'v'.repeat(2_000)]]);

interface Recipe {
  readonly name: string;
  readonly kind: BudgetKind;
  /** What costs one token, for the n-th time. */
  readonly step: (at: number) => Buffer;
  readonly before?: Buffer;
  readonly prepare?: (server: Recorder) => void;
}

const RECIPES: readonly Recipe[] = [
  {
    name: 'rapid reset',
    kind: 'resets',
    step: (at) => Buffer.concat([frame(1, 5, id(at), block(GET)), frame(3, 0, id(at), uint32(8))]),
  },
  {
    name: 'made to reset by increments of 0',
    kind: 'provokedResets',
    step: (at) => Buffer.concat([frame(1, 4, id(at), block(POST)), frame(8, 0, id(at), uint32(0))]),
  },
  {
    name: 'made to reset by malformed requests',
    kind: 'provokedResets',
    step: (at) => frame(1, 5, id(at), block([['x-a', 'b']])),
  },
  { name: 'PING flood', kind: 'pings', step: () => frame(6, 0, 0, '0102030405060708') },
  { name: 'SETTINGS flood', kind: 'settings', step: () => frame(4, 0, 0) },
  { name: 'PRIORITY flood', kind: 'ignored', step: (at) => frame(2, 0, id(at), '0000000010') },
  { name: 'flood of unknown frames', kind: 'ignored', step: () => frame(0xaa, 0, 0, 'ab') },
  { name: 'empty DATA flood', kind: 'emptyData', before: frame(1, 4, 1, block(POST)), step: () => frame(0, 0, 1) },
  {
    name: 'flood of padding',
    kind: 'emptyData',
    before: frame(1, 4, 1, block(POST)),
    step: () => frame(0, 8, 1, '02 0000'),
  },
  { name: 'CONTINUATION flood', kind: 'continuations', before: frame(1, 0, 1, block(GET)), step: () => frame(9, 0, 1) },
  { name: 'huge heads', kind: 'hugeHeads', step: (at) => frame(1, 5, id(at), huge) },
  {
    name: 'windows of one byte',
    kind: 'tinyWindows',
    before: Buffer.concat([frame(4, 0, 0, '000400000000'), frame(1, 5, 1, block(GET))]),
    step: () => frame(8, 0, 1, uint32(1)),
    prepare(server) {
      server.onMore = (stream) => server.connection.sendData(stream, Buffer.alloc(1_000), 0, 1_000, false);
      server.onRequest = (stream) => {
        server.connection.sendHeaders(stream, section(OK), false);
        server.onMore!(stream);
      };
    },
  },
];

describe('budgets', () => {
  for (const { name, kind, step, before, prepare } of RECIPES) {
    it(`${name} ends with the burst of ${kind}`, () => {
      const { burst } = BUDGETS[kind];
      const server = greetedServer({ headerListBytes: 1_000 });
      prepare?.(server);
      if (before) server.receive(before);
      // The SETTINGS of greeting and preparation cost one each.
      const spent = kind === 'settings' ? 1 : 0;
      for (let at = spent; at < burst; at++) server.receive(step(at));
      server.frames();
      assert.equal(server.connection.isOver, false, `it stands after ${burst}`);
      server.receive(step(burst));
      assert.equal(server.connection.isOver, true);
      assert.equal(server.heard().at(-1), 'failure ENHANCE_YOUR_CALM');
      const goaway = server.frames().find(({ type }) => type === 7)!;
      assert.equal(goaway.payload.readUInt32BE(4), 11);
      assert.equal(server.connection.openStreams, 0);
    });
  }

  it('fill up with time, to the burst and no further', () => {
    let now = 0;
    const budgets = new Budgets(() => now);
    const { burst, perSecond } = BUDGETS.pings;
    const most = (): number => {
      for (let count = 0; ; count++) {
        try {
          budgets.spend('pings');
        } catch {
          return count;
        }
      }
    };
    assert.equal(most(), burst);
    now += 1_000;
    assert.equal(most(), perSecond - 1, 'one was owed');
    now += 3_600_000;
    assert.equal(most(), burst);
  });

  it('a PING for every message is no flood', () => {
    const server = greetedServer();
    server.onRequest = (stream) => server.connection.sendHeaders(stream, section(OK), true);
    for (let at = 0; at < 5_000; at++) {
      server.receive(Buffer.concat([frame(1, 5, id(at), block(GET)), frame(6, 0, 0, '0102030405060708')]));
      server.sent();
    }
    assert.equal(server.connection.isOver, false);
  });

  it('does not gather answers for a peer that does not read', () => {
    const server = greetedServer({ maxConcurrentStreams: 100_000 });
    server.isTaking = false;
    server.receive(frame(6, 0, 0, '0102030405060708'));
    server.sent();
    for (let second = 0; second < 1_000 && !server.connection.isOver; second++) {
      server.now += 10_000;
      server.receive(repeat(100, () => frame(6, 0, 0, '0102030405060708')));
      assert.ok(server.connection.pendingBytes < 70_000);
    }
    assert.equal(server.heard().at(-1), 'failure ENHANCE_YOUR_CALM');
  });

  it('windows that are small now and then, by where a frame happened to end, cost nothing', () => {
    const { burst } = BUDGETS.tinyWindows;
    const server = greetedServer();
    const { prepare } = RECIPES.find(({ kind }) => kind === 'tinyWindows')!;
    prepare!(server);
    server.receive(Buffer.concat([frame(4, 0, 0, '000400000000'), frame(1, 5, 1, block(GET))]));
    for (let at = 0; at < burst * 3; at++) {
      for (const bytes of [3, 600])
        server.receive(Buffer.concat([frame(8, 0, 0, uint32(bytes)), frame(8, 0, 1, uint32(bytes))]));
      server.frames();
    }
    assert.equal(server.connection.isOver, false);
  });
});
