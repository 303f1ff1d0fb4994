/**
 * Seeded frames by the hundred thousand, thrown at a server and at a client: the same events at every split, nothing thrown, nothing
 * that grows. `HOPCOST_FUZZ_RUNS=1000000` for more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generator } from '#test/random.ts';
import { frame, uint32 } from './frame-bytes.ts';
import { greetedClient, greetedServer, type Recorder } from './recorder.ts';
import { block, GET, OK, type Pairs, POST, section } from './requests.ts';

const FRAMES = Number(process.env['HOPCOST_FUZZ_RUNS'] ?? 100_000);
const FRAMES_A_RUN = 12;

type Random = (below: number) => number;

const HEADS: readonly Pairs[] = [
  GET,
  POST,
  OK,
  [[':status', '103']],
  [...POST, ['content-length', '4']],
  [...OK, ['content-length', '4']],
  [['x-trailer', 'v']],
  [...GET, ['cookie', 'a'], ['cookie', 'b']],
  [...GET, ['X-Bad', 'v']],
  [...GET, ['connection', 'x']],
  [...GET, ['x-big', 'v'.repeat(3_000)]],
];
const FLAGS = [0, 1, 4, 5, 8, 9, 12, 13, 0x20, 0x25, 0x2d, 0xff];

function payload(type: number, random: Random): Buffer {
  const noise = (most: number): Buffer => Buffer.from(Array.from({ length: random(most) }, () => random(256)));
  if (random(200) === 0) return noise(20);
  if (type === 0) return Buffer.alloc(random(8) === 0 ? random(16_384) : random(9), 2);
  if (type === 1 || type === 9) {
    const whole = random(100) === 0 ? noise(40) : block(HEADS[random(HEADS.length)]!);
    return random(100) === 0 ? whole.subarray(0, random(whole.length + 1)) : whole;
  }
  if (type === 2) return Buffer.concat([uint32(random(8)), Buffer.of(16)]);
  if (type === 3) return uint32(random(15));
  if (type === 4)
    return Buffer.concat(
      Array.from({ length: random(3) }, () =>
        Buffer.concat([Buffer.of(0, [1, 3, 4, 4, 5, 6, 7][random(7)]!), uint32(16_384 + random(3) * random(30_000))]),
      ),
    );
  if (type === 5) return Buffer.concat([uint32(2), block(GET)]);
  if (type === 6) return Buffer.alloc(8, random(256));
  if (type === 7) return Buffer.concat([uint32(random(9)), uint32(random(3)), noise(8)]);
  if (type === 8) return uint32(random(100) === 0 ? 2 ** 31 - 1 : random(70_000));
  return noise(10);
}

/** A series of frames, plausible ones far more often than impossible ones: else every series ends with its first. */
function* randomFrames(random: Random): Generator<Buffer> {
  let next = 1;
  for (let count = 0; count < FRAMES_A_RUN; count++) {
    const isWild = random(40) === 0;
    const type = [0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 6, 8, 8, 7, 5, 9, 10, 200][random(isWild ? 19 : 14)]!;
    const isOfConnection = type === 4 || type === 6 || type === 7;
    const isNew = type === 1 && random(3) !== 0;
    const flags = isWild
      ? FLAGS[random(FLAGS.length)]!
      : type === 1
        ? random(20) === 0
          ? 0
          : 4 + random(2)
        : type > 1
          ? 0
          : random(9) === 0
            ? 8
            : random(2);
    const old = random(next + 1) | 1;
    const id = isWild ? random(9) : isOfConnection ? 0 : isNew ? next : type === 8 && random(2) === 0 ? 0 : old;
    if (isNew) next += 2;
    const whole = payload(type, random);
    yield frame(type, flags, id, isWild && random(2) === 0 ? whole.subarray(0, random(whole.length + 1)) : whole);
    if (type === 1 && (flags & 4) === 0) yield frame(9, 4, id, '');
  }
}

/** A server that answers GET at once with so many bytes, and nothing else ever. */
function server(bytes: number): Recorder {
  const side = greetedServer({ headerListBytes: 2_500, maxConcurrentStreams: 3, streamWindow: 20_000 });
  side.onMore = (stream) => side.connection.sendData(stream, Buffer.alloc(bytes), 0, bytes, true);
  side.onRequest = (stream, head) => {
    if (head.method === 'POST') return;
    side.connection.sendHeaders(stream, section(OK), false);
    side.onMore!(stream);
  };
  return side;
}

/** One that has asked four times. */
function client(): Recorder {
  const side = greetedClient({ headerListBytes: 2_500, streamWindow: 20_000 });
  for (const pairs of [GET, POST, POST, GET]) side.connection.open(section(pairs), pairs === GET, '');
  side.sent();
  return side;
}

const SIDES: readonly { name: string; seed: number; make: () => Recorder; isTimed: boolean }[] = [
  { name: 'server', seed: 0x5bd1e995, make: () => server(100), isTimed: false },
  { name: 'client', seed: 0x27d4eb2f, make: client, isTimed: false },
  // Who waits for windows is served between two reads: when an answer ends depends on how they were cut.
  { name: 'server of large answers', seed: 0x165667b1, make: () => server(30_000), isTimed: true },
];

interface Outcome {
  readonly events: readonly string[];
  readonly open: number;
}

function outcome(make: () => Recorder, pieces: readonly Buffer[]): Outcome {
  const side = make();
  for (const piece of pieces) side.receive(piece);
  side.sent();
  return { events: side.events, open: side.connection.openStreams };
}

for (const { name, seed, make, isTimed } of SIDES) {
  const count = Math.ceil(FRAMES / FRAMES_A_RUN / SIDES.length);
  test(`a ${name} takes ${count * FRAMES_A_RUN} random frames${isTimed ? '' : ', the same at every split'}`, () => {
    const random = generator(seed);
    const seen = { failed: 0, stood: 0 };
    for (let run = 0; run < count; run++) {
      const bytes = Buffer.concat([...randomFrames(random)]);
      const whole = outcome(make, [bytes]);
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random(random(3) === 0 ? 3 : 2_000);
        pieces.push(bytes.subarray(at, end));
        at = end;
      }
      const cut = outcome(make, pieces);
      if (!isTimed) assert.deepEqual(cut, whole, `run ${run}: ${bytes.subarray(0, 200).toString('hex')}`);
      if (whole.events.some((event) => event.startsWith('failure'))) {
        seen.failed++;
        assert.equal(whole.open, 0);
      } else seen.stood++;
    }
    for (const [kind, times] of Object.entries(seen)) assert.ok(times > count / 100, `${kind} ${times} times only`);
  });
}
