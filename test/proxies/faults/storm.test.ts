/**
 * Calls into the system that fail or stall, by seed, under clients and origins that misbehave, by seed: each reference lives, comes to
 * rest and serves again. HOPCOST_FAULT_SEEDS=n runs more seeds than the few of every day.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Endpoint } from '#proxies/config/intent.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { oneOf } from '#test/random.ts';
import { ORIGIN_HOST } from './origin-host.ts';
import { act, bare, label, REFERENCES, requestTo } from './references.ts';
import { kinds, modes, openReference, openStage, skip } from './stage.ts';
import type { Subject } from './subject.ts';

const seeds = Number(process.env['HOPCOST_FAULT_SEEDS'] ?? 3);
const clients = 60;

/** The access log was written to, and that failed: it is, within a second, wherever anything went on. */
async function untilLogFails(subject: Subject): Promise<void> {
  const count = async (): Promise<number> => {
    const { faults } = await subject.figures();
    return Object.entries(faults).reduce((sum, [fault, times]) => sum + (fault.startsWith('file ') ? times : 0), 0);
  };
  for (const before = await count(); (await count()) === before;) await setTimeout(20);
}

/** Every one of these calls failed or stalled at least once: the faults were real. */
async function assertFaults(subject: Subject, calls: readonly string[]): Promise<void> {
  const { faults } = await subject.figures();
  const came = new Set(Object.keys(faults).map((fault) => fault.split(' ')[0]));
  assert.deepEqual(
    calls.filter((call) => !came.has(call)),
    [],
    JSON.stringify(faults),
  );
}

const hasFailed = async (subject: Subject, call: string): Promise<boolean> =>
  Object.keys((await subject.figures()).faults).some((fault) => fault.startsWith(`${call} `));

/** How often one reference ends a connection before its peer does is up to the hour: over all of them, some such end has failed. */
let shutDown = false;
after(() => assert.ok(skip !== false || shutDown, 'no shutdown failed in any storm'));

const runs = REFERENCES.flatMap((reference) => [
  { reference, plain: false, last: seeds },
  { reference, plain: true, last: Math.ceil(seeds / 3) },
]);

for (const { reference, plain, last } of runs) {
  test(`${label(reference)}${plain ? ' on plain sockets' : ''}: ${last} seed(s) of faults`, { skip }, async () => {
    await using stage = await openReference(reference, plain);
    const { origin, subject } = stage;
    for (let seed = 1; seed <= last; seed++) {
      const random = mulberry32(seed);
      origin.mode = () => oneOf(random, modes);
      subject.toggle();
      const logFails = untilLogFails(subject);
      const request = requestTo(reference, origin);
      await Promise.all(
        Array.from({ length: clients }, async () => {
          await setTimeout(random() * 300);
          await act(subject.address, random() < 0.8 ? reference : bare, oneOf(random, kinds), request);
        }),
      );
      await logFails;
      subject.toggle();
      origin.mode = () => 'answers';
      await stage.recovered(`seed ${seed}`);
    }
    await assertFaults(subject, ['accept', 'connect', 'file', 'lookup', 'read', 'write']);
    if (await hasFailed(subject, 'shutdown')) shutDown = true;
    assert.match(subject.said, /hopcost: accept_failed: accept (EMFILE|ENFILE|ECONNABORTED)\n/);
  });
}

test(`l4-udp: ${seeds} seeds of faults`, { skip }, async () => {
  const origin = createSocket('udp4');
  origin.on('message', (datagram, { port, address }) => origin.send(datagram, port, address));
  origin.bind(0, '127.0.0.1');
  await once(origin, 'listening');
  const endpoints = [{ host: ORIGIN_HOST, port: origin.address().port }];
  const intent = {
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'o', endpoints }],
    defaultCluster: 'o',
  };
  try {
    await using stage = await openStage('l4-udp', intent, ({ address }) => isEchoed(address));
    const { subject } = stage;
    for (let seed = 1; seed <= seeds; seed++) {
      subject.toggle();
      await Promise.all([untilLogFails(subject), ...Array.from({ length: clients }, () => echoed(subject.address))]);
      subject.toggle();
      await stage.recovered(`seed ${seed}`);
    }
    await assertFaults(subject, ['address', 'bind', 'file', 'lookup', 'send']);
    assert.match(subject.said, /hopcost: upstream_connect: .*(EMFILE|EADDRINUSE|ENOTCONN)/);
  } finally {
    origin.close();
  }
});

const isEchoed = async (address: Endpoint): Promise<boolean> => {
  for (let attempt = 0; attempt < 10; attempt++) if (await echoed(address)) return true;
  return false;
};

/** Whether one of two datagrams comes back in time. */
async function echoed({ port, host }: Endpoint): Promise<boolean> {
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on('message', () => resolve(true)).on('error', () => resolve(false));
  socket.send('x', port, host);
  await Promise.race([promise, setTimeout(150)]);
  socket.send('y', port, host);
  const served = await Promise.race([promise, setTimeout(300, false)]);
  socket.close();
  return served;
}
