/**
 * Calls into the system that fail, by seed, under clients and origins that misbehave, by seed: each reference lives, comes to rest and
 * serves again. HOPCOST_FAULT_SEEDS=n runs more seeds than the few of every day.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Endpoint } from '#proxies/config/intent.ts';
import { oneOf, seeded } from './random.ts';
import {
  act,
  bare,
  CLIENT_KINDS,
  type ClientKind,
  intentFor,
  isServed,
  label,
  Origin,
  ORIGIN_MODES,
  type OriginMode,
  REFERENCES,
  requestTo,
} from './references.ts';
import { Subject } from './subject.ts';

const skip = process.platform !== 'linux' && 'descriptors are counted in /proc';
const seeds = Number(process.env['HOPCOST_FAULT_SEEDS'] ?? 3);
const kinds = Object.keys(CLIENT_KINDS) as ClientKind[];
const modes = Object.keys(ORIGIN_MODES) as OriginMode[];
const clients = 60;

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-'));
  return { accessLog: join(folder, 'log'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const runs = REFERENCES.flatMap((reference) => [
  { reference, plain: false, last: seeds },
  { reference, plain: true, last: Math.ceil(seeds / 3) },
]);

for (const { reference, plain, last } of runs) {
  test(`${label(reference)}${plain ? ' on plain sockets' : ''}: ${last} seed(s) of faults`, { skip }, async () => {
    await using log = await scratch();
    await using origin = await new Origin(reference.secureOrigin).listen();
    const intent = { ...intentFor(reference, origin.port), accessLog: log.accessLog };
    await using subject = await Subject.start(reference.name, intent, plain);
    assert.ok(await isServed(reference, subject.address, origin));
    await subject.rest();
    for (let seed = 1; seed <= last; seed++) {
      const random = seeded(seed);
      origin.mode = () => oneOf(random, modes);
      subject.toggle();
      const request = requestTo(reference, origin);
      await Promise.all(
        Array.from({ length: clients }, async () => {
          await setTimeout(random() * 300);
          await act(subject.address, random() < 0.8 ? reference : bare, oneOf(random, kinds), request);
        }),
      );
      subject.toggle();
      origin.mode = () => 'answers';
      await subject.settled();
      assert.ok(await isServed(reference, subject.address, origin), `not after seed ${seed}`);
    }
    assert.match(subject.said, /hopcost: accept_failed: accept (EMFILE|ENFILE|ECONNABORTED)\n/); // the faults were real
  });
}

test(`l4-udp: ${seeds} seeds of faults`, { skip }, async () => {
  await using log = await scratch();
  const origin = createSocket('udp4');
  origin.on('message', (datagram, { port, address }) => origin.send(datagram, port, address));
  origin.bind(0, '127.0.0.1');
  await once(origin, 'listening');
  const endpoints = [{ host: 'localhost', port: origin.address().port }];
  await using subject = await Subject.start('l4-udp', {
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'o', endpoints }],
    defaultCluster: 'o',
    accessLog: log.accessLog,
  });
  try {
    assert.ok(await isEchoed(subject.address));
    await subject.rest();
    for (let seed = 1; seed <= seeds; seed++) {
      subject.toggle();
      await Promise.all(Array.from({ length: clients }, () => echoed(subject.address)));
      subject.toggle();
      await subject.settled();
      assert.ok(await isEchoed(subject.address), `not after seed ${seed}`);
    }
    assert.match(subject.said, /hopcost: upstream_connect: .*(EMFILE|EADDRINUSE|ENOTCONN)/); // the faults were real
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
