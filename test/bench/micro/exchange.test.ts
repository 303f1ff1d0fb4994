/** The micro-benchmarks work on what is measured: the same messages, through the same code, over as many socket operations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backends } from '#backends/registry.ts';
import { Wire } from '#bench/lab/wire.ts';
import { serializeRequest } from '#bench/load/http1/request.ts';
import { openLanes } from '#bench/micro/lanes.ts';
import { ANSWER, ANSWER_HEAD, LARGE_REQUEST, REQUEST } from '#bench/micro/messages.ts';
import { Ring } from '#bench/micro/ring.ts';
import type { Traffic } from '#bench/model/scenario.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const signal = AbortSignal.timeout(30_000);
const trafficOf = (name: string) =>
  SCENARIOS.find((scenario) => scenario.name === name)!.traffic as Extract<Traffic, { kind: 'http' }>;

test('requests are those that the load generator sends, answers those that the origin gives', async () => {
  const job = { target: { host: '127.0.0.1', port: 38_080 } };
  assert.equal(REQUEST.toString(), serializeRequest(job, trafficOf('http-small')).toString());
  const large = serializeRequest(job, trafficOf('http-large-head'));
  assert.equal(LARGE_REQUEST.length, large.length);
  assert.equal(LARGE_REQUEST.toString().split('\r\n').length, large.toString().split('\r\n').length);
  await using origin = await backends.get('http-fixed')!.start({ host: '127.0.0.1', port: 0 }, {}, signal);
  await using wire = await Wire.open(origin.address, signal);
  wire.write(REQUEST);
  wire.end();
  const answer = await wire.untilEnd();
  assert.equal(answer.subarray(0, answer.length - 200).toString(), ANSWER_HEAD.toString());
  assert.equal(answer.length, ANSWER.length);
});

test('a lane passes a request on with what l7-http adds, and the answer as it is, over pooled connections', () => {
  const lanes = openLanes(3);
  const added = 'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: 127.0.0.1:38080\r\n';
  // The last octet that was looked at, a line feed, is counted with each text.
  const whole = REQUEST.length + added.length + 10 + ANSWER.length;
  const grown = (lane: (typeof lanes)[number], run: () => void): number => {
    const before = lane.written;
    run();
    return lane.written - before;
  };
  const [a, b, c] = lanes as [(typeof lanes)[0], (typeof lanes)[0], (typeof lanes)[0]];
  a.request(REQUEST);
  a.answer(ANSWER);
  assert.equal(a.written, whole);
  for (let i = 0; i < 5; i++)
    assert.equal(
      grown(a, () => {
        a.request(REQUEST);
        a.answer(ANSWER);
      }),
      whole,
      'the connection to the origin was given back and taken again',
    );
  b.request(REQUEST);
  c.request(REQUEST);
  assert.equal(
    grown(b, () => b.answer(ANSWER)),
    ANSWER.length,
    'requests under way at once are told apart',
  );
  assert.equal(
    grown(c, () => c.answer(ANSWER)),
    ANSWER.length,
  );
});

test('a ring carries as many requests as asked for, on every lane, and leaves no socket', async () => {
  const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
  const before = sockets();
  {
    await using ring = await Ring.open(4);
    for (const requests of [1, 4, 103]) {
      const seen = { requests: [0, 0, 0, 0], answers: [0, 0, 0, 0] };
      await ring.run(
        requests,
        (lane, octets) => {
          assert.equal(octets.length, REQUEST.length);
          seen.requests[lane]! += 1;
        },
        (lane, octets) => {
          assert.equal(octets.length, ANSWER.length);
          seen.answers[lane]! += 1;
        },
      );
      assert.deepEqual(seen.requests, seen.answers);
      assert.equal(
        seen.answers.reduce((a, b) => a + b),
        requests,
      );
      if (requests >= 4) assert.ok(seen.answers.every((count) => count > 0));
    }
  }
  while (sockets() > before) await new Promise(setImmediate);
});
