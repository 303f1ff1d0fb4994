/** What one client of autocannon does, as our recorder wants it told. */
import type { Client } from 'autocannon';
import { crc32 } from 'node:zlib';
import type { BodySample, Expectation } from '../http1/answer.ts';
import type { Fault, Recorder } from '../recorder.ts';

const BACKOFF = 50;
const CUT_SHORT: Fault = { kind: 'reset', message: 'connection closed before the answer was whole' };
const SILENT: Fault = { kind: 'timeout', message: 'no answer in time' };

/**
 * Call it before the client connects. It also sets right two things. When a connection is lost, autocannon does not forget the
 * request that was under way on it, counts no error for it, and from then on takes each answer for that of the request
 * before. And when a target refuses connections, it tries again at once, for ever.
 */
export function observe(client: Client, expect: Expectation, sample: BodySample, recorder: Recorder): void {
  let sentAt = 0;
  let waiting = false;
  let answer = { status: 0, at: 0, duration: 0 };
  let lostInARow = 0;
  let retry: NodeJS.Timeout | undefined;

  const failed = (fault: Fault): void => {
    if (!waiting) return recorder.note(fault);
    waiting = false;
    lostInARow++;
    recorder.failed(fault, performance.now(), sentAt, sentAt);
  };

  client.on('request', () => {
    waiting = true;
    sentAt = performance.now();
    recorder.began();
    recorder.wrote(sentAt, client.getRequestBuffer().length);
  });
  client.on('connError', ({ syscall, message }: NodeJS.ErrnoException) =>
    failed({ kind: syscall === 'connect' ? 'connect' : 'reset', message }),
  );
  // `duration` is in milliseconds with a fraction; its own histogram cuts that off.
  client.on('response', (status: number, bytes: number, duration: number) => {
    waiting = false;
    lostInARow = 0;
    answer = { status, at: performance.now(), duration };
    recorder.read(answer.at, bytes);
  });
  // Called right after 'response', when the next request may be under way already.
  client.opts.verifyBody = (body) => {
    const { status, at, duration } = answer;
    const checked = sample.next();
    // Bodies come as text: what is no UTF-8 has become something else, and differs.
    const fault = judge(expect, status, Buffer.byteLength(body)) ?? (checked ? sample.judge(crc32(body)) : undefined);
    if (fault === undefined) recorder.completed(at, at - duration, at - duration);
    else recorder.failed(fault, at, at - duration, at - duration);
    return true; // told already
  };
  client.on('done', () => clearTimeout(retry));

  const connect = client._connect.bind(client);
  const connectNow = (): void => {
    const dialedAt = performance.now();
    client.pipelinedRequests.clear();
    connect();
    const { conn } = client;
    conn.once('connect', () => {
      recorder.opened(performance.now(), dialedAt, undefined);
      conn.once('close', () => recorder.closed());
    });
  };
  client._connect = () => {
    // Its own timeout destroys the connection first; a FIN leaves it as it is; an error has been told by now.
    if (waiting) failed(client.conn.destroyed ? SILENT : CUT_SHORT);
    clearTimeout(retry);
    if (lostInARow > 1) retry = setTimeout(connectNow, BACKOFF);
    else connectNow();
  };
}

function judge(expect: Expectation, status: number, bodyBytes: number): Fault | undefined {
  if (status !== expect.status)
    return { kind: 'status', status, message: `expected status ${expect.status}, got ${status}` };
  if (expect.bodyBytes === undefined || bodyBytes === expect.bodyBytes) return undefined;
  return { kind: 'body', message: `expected a body of ${expect.bodyBytes} bytes, got ${bodyBytes}` };
}
