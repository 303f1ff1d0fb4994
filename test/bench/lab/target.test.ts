/** The preflight of a target that runs elsewhere: real servers on loopback, which see everything that was sent to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { preflightTarget, wayTo } from '#bench/lab/target.ts';
import { driver } from '#bench/load/http1/driver.ts';
import { firstLook } from '#bench/load/http1/first-look.ts';
import { SubjectRecord } from '#bench/model/record.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { parseTarget } from '#proxies/peers/external.ts';
import { enough, jobFor, noErrors, open, runHere, stretched } from '../load/jobs.ts';
import { answer, byteOrigin, freePort, httpOrigin } from '../load/origins.ts';

const soon = () => AbortSignal.timeout(60_000);
const secure = createCertificate();
const MAX_RATE = 1_000;

async function preflight(target: string, ca?: string, signal = soon()) {
  const definition = parseTarget(`lb=${target}`, ca);
  const record = await preflightTarget({ definition, maxRate: MAX_RATE, look: firstLook }, signal);
  SubjectRecord.parse(record);
  return { record, definition, failures: record.preflight.filter(({ passed }) => !passed).map(({ detail }) => detail) };
}

test('HTTP: the declared path is asked for a few times, nothing else is; what came is what load expects', async () => {
  const requests: string[] = [];
  await using origin = await httpOrigin((socket, request) => {
    requests.push(request);
    socket.write(answer('hello', '202 Accepted'));
  });
  const { record, definition, failures } = await preflight(`http://127.0.0.1:${origin.port}/health?deep=1`);
  assert.deepEqual(failures, []);
  assert.equal(requests.length, 3);
  for (const request of requests) {
    assert.match(request, /^GET \/health\?deep=1 HTTP\/1\.1\r\n/);
    assert.match(request, new RegExp(`\r\nHost: 127.0.0.1:${origin.port}\r\n`));
  }
  const { latency = 0, ...external } = record.external!;
  assert.ok(latency > 0);
  assert.deepEqual(external, {
    url: `http://127.0.0.1:${origin.port}/health?deep=1`,
    maxRate: MAX_RATE,
    expect: { status: 202, bodyBytes: 5 },
  });
  const { traffic } = SCENARIOS.find(({ name }) => name === 'http-small')!;
  await using way = wayTo(definition.external, record.external!, traffic);
  assert.equal(way.maxRate, MAX_RATE);
  assert.deepEqual(way.traffic, {
    ...traffic,
    request: {
      method: 'GET',
      path: '/health?deep=1',
      headers: [
        ['Host', `127.0.0.1:${origin.port}`],
        ['User-Agent', 'hopcost'],
      ],
      bodyBytes: 0,
    },
    expect: { status: 202, bodyBytes: 5 },
  });
});

test('a declared path that fails, or answers otherwise the next time, is told with what was expected and what came', async () => {
  await using missing = await httpOrigin((socket) => void socket.write(answer('no', '404 Not Found')));
  const url = `http://127.0.0.1:${missing.port}/x`;
  assert.deepEqual((await preflight(url)).failures, [
    `lb (${url}): GET /x: expected a status below 400, got 404; declare a path that it answers`,
  ]);
  await using growing = await httpOrigin((socket, _, requests) => void socket.write(answer('x'.repeat(requests))));
  assert.match(
    (await preflight(`http://127.0.0.1:${growing.port}/`)).failures.join(),
    /^lb \(.*\): GET \/: expected status 200 and 1 bytes again, got 200 and 2 bytes; declare a path whose answer does not change$/,
  );
  await using moody = await httpOrigin(
    (socket, _, requests) => void socket.write(answer('x', requests === 3 ? '201 Created' : '200 OK')),
  );
  assert.match(
    (await preflight(`http://127.0.0.1:${moody.port}/`)).failures.join(),
    /expected status 200 and 1 bytes again, got 201/,
  );
});

test('a redirect is measured itself, and said to be', async () => {
  for (const [lines, where] of [
    ['Location: /other', ' to /other'],
    ['X: y', ''],
  ] as const) {
    await using moved = await httpOrigin(
      (socket) => void socket.write(`HTTP/1.1 302 Found\r\n${lines}\r\nContent-Length: 0\r\n\r\n`),
    );
    const { record, failures } = await preflight(`http://127.0.0.1:${moved.port}/`);
    assert.deepEqual(failures, []);
    assert.deepEqual(record.external?.notes, [`answers 302${where}: the redirect itself is measured`]);
    assert.equal(moved.seen.requests, 3, 'it is not followed');
  }
  await using unchanged = await httpOrigin((socket) => void socket.write('HTTP/1.1 304 Not Modified\r\n\r\n'));
  assert.equal((await preflight(`http://127.0.0.1:${unchanged.port}/`)).record.external?.notes, undefined);
});

test(
  'what is no HTTP/1.1 to the letter is read in the preflight as in the load, and named',
  stretched(async (time) => {
    const bodies: [string, RegExp][] = [
      ['HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello', /no space stands after its status \(RFC 9112 §4\)/],
      ['HTTP/1.1 200 OK\nContent-Length: 5\n\nhello', /LF alone \(RFC 9112 §2\.2\)/],
    ];
    for (const [text, lapse] of bodies) {
      await using origin = await httpOrigin((socket) => void socket.write(text));
      const { record, definition, failures } = await preflight(`http://127.0.0.1:${origin.port}/`);
      assert.deepEqual(failures, []);
      assert.equal(record.external?.notes?.length, 1);
      assert.match(
        record.external.notes[0]!,
        /^does not answer in HTTP\/1\.1 to the letter: .*; it is read all the same$/,
      );
      assert.match(record.external.notes[0]!, lapse);
      const scenario = SCENARIOS.find(({ name }) => name === 'http-small')!;
      await using way = wayTo(definition.external, record.external, scenario.traffic);
      const loading = (bodyChecksum: null | undefined) =>
        runHere(driver, {
          ...jobFor('http1', origin.port, way.traffic!, open(2, 200), time),
          ...(bodyChecksum === null && { bodyChecksum }),
        });
      const result = await loading(null);
      noErrors(result);
      enough(result.requests > 0); // the load reads it, too
      if (text.includes('\n\n')) continue; // whose head never ends for a strict reader
      const ours = await loading(undefined);
      assert.equal(ours.requests, 0, 'of one that is ours it is a fault');
      enough(ours.errors.framing > 0);
    }
    await using broken = await httpOrigin(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'),
    );
    assert.match(
      (await preflight(`http://127.0.0.1:${broken.port}/`)).failures.join(),
      /GET \/: expected an answer, got what is no HTTP\/1\.1: expected a decimal Content-Length, got "x"$/,
    );
  }),
);

test('the first look at a body without end is bounded', async () => {
  const piece = Buffer.alloc(256 * 1024, 'x');
  await using endless = await httpOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more).on('error', () => {});
    more();
  });
  assert.match(
    (await preflight(`http://127.0.0.1:${endless.port}/`)).failures.join(),
    /GET \/: expected an answer, got a body of more than 67108864 bytes$/,
  );
});

test('a target that refuses is told', async () => {
  const port = await freePort();
  assert.match(
    (await preflight(`http://127.0.0.1:${port}/`)).failures.join(),
    /^lb \(http:.*\): GET \/: expected an answer, got connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
  );
  assert.match(
    (await preflight(`tcp://127.0.0.1:${port}`)).failures.join(),
    /^lb \(tcp:.*\): expected it to take a connection, got connect ECONNREFUSED/,
  );
});

test('certificates are verified: by the authority that is given, for the name that is asked', async () => {
  await using origin = await httpOrigin((socket) => void socket.write(answer('hello')), secure);
  for (const host of ['localhost', '127.0.0.1'])
    assert.deepEqual((await preflight(`https://${host}:${origin.port}/`, secure.ca)).failures, [], host);
  assert.match(
    (await preflight(`https://localhost:${origin.port}/`)).failures.join(),
    /^lb \(https:.*\): GET \/: expected an answer, got a certificate that no trusted authority vouches for \(\w+\); give its authority with --target-ca FILE$/,
  );
  assert.match(
    (await preflight(`https://localhost:${origin.port}/`, createCertificate().ca)).failures.join(),
    /no trusted authority vouches for/,
  );
  assert.match(
    (await preflight(`https://[::ffff:127.0.0.1]:${origin.port}/`, secure.ca)).failures.join(),
    /expected an answer, got a certificate that is not for ::ffff:7f00:1: .*; name the target as its certificate does$/,
  );
  assert.equal(origin.seen.requests, 6, 'what is not trusted is not asked');
});

test('TCP: it echoes, or is told that only what echoes can be measured', async () => {
  await using echoing = await byteOrigin((socket) => (chunk) => void socket.write(chunk));
  const { record, failures } = await preflight(`tcp://127.0.0.1:${echoing.port}`);
  assert.deepEqual(failures, []);
  assert.equal(record.external?.expect, null);
  await using closing = await byteOrigin((socket) => () => void socket.end());
  assert.match(
    (await preflight(`tcp://127.0.0.1:${closing.port}`)).failures.join(),
    /it takes connections; expected the 64 bytes that were sent back, got the peer closed after 0 bytes.*; only what echoes can be measured by TCP, name HTTP as http:\/\//,
  );
  await using other = await byteOrigin((socket) => () => void socket.write(Buffer.alloc(64)));
  assert.match(
    (await preflight(`tcp://127.0.0.1:${other.port}`)).failures.join(),
    /expected the 64 bytes that were sent back, got 64 others/,
  );
});

test('an abort is no failed check', async () => {
  const url = `http://127.0.0.1:${await freePort()}/`;
  await assert.rejects(preflight(url, undefined, AbortSignal.abort(new Error('interrupted'))), /interrupted/);
});
