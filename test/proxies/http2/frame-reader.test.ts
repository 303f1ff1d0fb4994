/** Frames, at every split: RFC 9113 §4 and the forms of §6. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Http2Error } from '#proxies/http2/errors.ts';
import { type Frame, FrameReader } from '#proxies/http2/frame-reader.ts';
import { generator } from '#test/random.ts';
import { frame, uint32 } from './frame-bytes.ts';

/** What came of the bytes, one line a frame; the content of DATA joined. */
function read(pieces: readonly Buffer[], maxFrame?: number): string[] {
  const seen: string[] = [];
  let content = '';
  const name = ({ type, flags, streamId, length }: Frame): string => `${type}/${flags}/${streamId}/${length}`;
  const reader = new FrameReader(
    {
      onFrame: (header) => seen.push(name(header)),
      onPayload: (header, buffer, start, end) =>
        seen.push(`${name(header)} ${header.dependsOnItself ? 'itself ' : ''}${buffer.toString('hex', start, end)}`),
      onContent(header, buffer, start, end, isLast) {
        content += buffer.toString('hex', start, end);
        if (!isLast) return;
        seen.push(`${name(header)} ${content}`);
        content = '';
      },
    },
    maxFrame,
  );
  try {
    for (const piece of pieces) reader.read(piece, 0, piece.length);
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    seen.push(error.message.split(':', 1)[0]!);
  }
  return seen;
}

function readAtEverySplit(bytes: Buffer): string[] {
  const whole = read([bytes]);
  for (let at = 1; at < bytes.length; at++)
    assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]), whole, `split at ${at}`);
  assert.deepEqual(read(Array.from(bytes, (byte) => Buffer.of(byte))), whole, 'byte by byte');
  return whole;
}

const READ: readonly [name: string, bytes: Buffer, payload: string][] = [
  ['DATA', frame(0, 0, 1, 'abcdef'), '0/0/1/3 abcdef'],
  ['empty DATA', frame(0, 1, 1), '0/1/1/0 '],
  ['padded DATA', frame(0, 8, 1, '02 abcd 0000'), '0/8/1/5 abcd'],
  ['DATA of padding alone', frame(0, 8, 1, '02 0000'), '0/8/1/3 '],
  ['DATA with a padding of nothing', frame(0, 8, 1, '00 ab'), '0/8/1/2 ab'],
  ['HEADERS', frame(1, 4, 1, '82'), '1/4/1/1 82'],
  ['padded HEADERS with priority', frame(1, 0x2c, 1, '01 00000003 10 82 00'), '1/44/1/8 82'],
  ['HEADERS that depend on themselves', frame(1, 0x24, 3, '80000003 10 82'), '1/36/3/6 itself 82'],
  ['HEADERS padded to nothing', frame(1, 0xc, 1, '00'), '1/12/1/1 '],
  ['PRIORITY of a wrong length, which is an error of its stream', frame(2, 0, 1, '00'), '2/0/1/1 00'],
  ['RST_STREAM', frame(3, 0, 1, uint32(8)), '3/0/1/4 00000008'],
  ['SETTINGS', frame(4, 0, 0, '000300000064'), '4/0/0/6 000300000064'],
  ['PING', frame(6, 0, 0, '0102030405060708'), '6/0/0/8 0102030405060708'],
  ['GOAWAY', frame(7, 0, 0, '0000000100000000ab'), '7/0/0/9 0000000100000000ab'],
  ['WINDOW_UPDATE of a stream', frame(8, 0, 1, uint32(1)), '8/0/1/4 00000001'],
  ['a reserved bit that is set', frame(0, 0, 0x80000001, 'ab'), '0/0/1/1 ab'],
  ['unknown flags', frame(6, 0xfe, 0, '0102030405060708'), '6/254/0/8 0102030405060708'],
];

const REFUSED: readonly [name: string, bytes: Buffer, error: string][] = [
  ['DATA of the connection', frame(0, 0, 0, 'ab'), 'PROTOCOL_ERROR'],
  ['HEADERS of the connection', frame(1, 4, 0, '82'), 'PROTOCOL_ERROR'],
  ['PRIORITY of the connection', frame(2, 0, 0, '0000000010'), 'PROTOCOL_ERROR'],
  ['RST_STREAM of the connection', frame(3, 0, 0, uint32(8)), 'PROTOCOL_ERROR'],
  ['SETTINGS of a stream', frame(4, 0, 1), 'PROTOCOL_ERROR'],
  ['PING of a stream', frame(6, 0, 1, '0102030405060708'), 'PROTOCOL_ERROR'],
  ['GOAWAY of a stream', frame(7, 0, 1, '0000000000000000'), 'PROTOCOL_ERROR'],
  ['CONTINUATION without a block', frame(9, 4, 1, '82'), 'PROTOCOL_ERROR'],
  ['RST_STREAM of three bytes', frame(3, 0, 1, '000000'), 'FRAME_SIZE_ERROR'],
  ['SETTINGS of five bytes', frame(4, 0, 0, '0001000000'), 'FRAME_SIZE_ERROR'],
  ['an acknowledgement of SETTINGS with a payload', frame(4, 1, 0, '000300000064'), 'FRAME_SIZE_ERROR'],
  ['PING of seven bytes', frame(6, 0, 0, '01020304050607'), 'FRAME_SIZE_ERROR'],
  ['GOAWAY of seven bytes', frame(7, 0, 0, '00000000000000'), 'FRAME_SIZE_ERROR'],
  ['WINDOW_UPDATE of five bytes', frame(8, 0, 0, '0000000100'), 'FRAME_SIZE_ERROR'],
  ['DATA with more padding than payload', frame(0, 8, 1, '03 abcd'), 'PROTOCOL_ERROR'],
  ['padded DATA of nothing', frame(0, 8, 1), 'FRAME_SIZE_ERROR'],
  ['HEADERS with more padding than payload', frame(1, 0xc, 1, '03 82'), 'PROTOCOL_ERROR'],
  ['HEADERS too short for their priority', frame(1, 0x24, 1, '00000000'), 'FRAME_SIZE_ERROR'],
  ['HEADERS padded into their priority', frame(1, 0x2c, 1, '02 00000003 10 82'), 'PROTOCOL_ERROR'],
  ['a frame above the limit', frame(0, 0, 1, Buffer.alloc(16_385)).subarray(0, 9), 'FRAME_SIZE_ERROR'],
  ['HEADERS within a block', Buffer.concat([frame(1, 0, 1, '82'), frame(1, 4, 1, '82')]), 'PROTOCOL_ERROR'],
  ['DATA within a block', Buffer.concat([frame(1, 0, 1, '82'), frame(0, 0, 1, 'ab')]), 'PROTOCOL_ERROR'],
  ['an unknown frame within a block', Buffer.concat([frame(1, 0, 1, '82'), frame(99, 0, 1)]), 'PROTOCOL_ERROR'],
  ['CONTINUATION of another stream', Buffer.concat([frame(1, 0, 1, '82'), frame(9, 4, 3, '84')]), 'PROTOCOL_ERROR'],
];

describe('frame reader', () => {
  for (const [name, bytes, payload] of READ)
    it(`reads ${name}`, () => assert.deepEqual(readAtEverySplit(bytes), [payload.split(' ', 1)[0], payload]));
  for (const [name, bytes, error] of REFUSED)
    it(`refuses ${name}`, () => assert.equal(readAtEverySplit(bytes).at(-1), error));

  it('reads past frames of unknown types', () => {
    const ping = frame(6, 0, 0, '0102030405060708');
    const seen = readAtEverySplit(Buffer.concat([frame(0x99, 0xff, 7, 'abcdef'), frame(0x20, 0, 0), ping]));
    assert.deepEqual(seen, ['153/255/7/3', '32/0/0/0', '6/0/0/8', '6/0/0/8 0102030405060708']);
  });

  it('reads a block of many frames, one byte each and none at all', () => {
    const block = [frame(1, 0, 1, '82'), frame(9, 0, 1), frame(9, 0, 1, '84'), frame(9, 4, 1, '86'), frame(0, 1, 1)];
    const seen = readAtEverySplit(Buffer.concat(block)).filter((line) => line.includes(' '));
    assert.deepEqual(seen, ['1/0/1/1 82', '9/0/1/0 ', '9/0/1/1 84', '9/4/1/1 86', '0/1/1/0 ']);
  });

  it('reads random frames alike at random splits', () => {
    const random = generator(0x1234567);
    for (let run = 0; run < 3_000; run++) {
      const bytes = Buffer.concat(
        Array.from({ length: 1 + random(6) }, () => {
          const payload = Buffer.from(Array.from({ length: random(3) === 0 ? 8 : random(20) }, () => random(256)));
          return frame(random(11), random(8) === 0 ? random(256) : random(2) * 4, random(4), payload);
        }),
      );
      const whole = read([bytes]);
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random(20);
        pieces.push(bytes.subarray(at, end));
        at = end;
      }
      assert.deepEqual(read(pieces), whole, bytes.toString('hex'));
    }
  });
});
