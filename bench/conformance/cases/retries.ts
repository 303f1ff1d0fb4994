/** When a request may be sent twice: RFC 9110 §9.2.2. */
import type { Bench } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { Violation } from '../violation.ts';
import { ok } from '../origin.ts';
import { plain } from '../setups.ts';

const message = (method: string, body = ''): string =>
  `${method} /again HTTP/1.1\r\nHost: a\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`;

interface Row {
  readonly rule: 'retry-stale' | 'retry-not';
  readonly name: string;
  readonly method: string;
  readonly body?: string;
  /** Whether the connection that fails has carried a request before. */
  readonly reused: boolean;
  /** What the failing connection still says. */
  readonly says?: string;
  readonly by: 'close' | 'reset';
}

const ROWS: readonly Row[] = [
  { rule: 'retry-stale', name: 'GET, closed', method: 'GET', reused: true, by: 'close' },
  { rule: 'retry-stale', name: 'GET, reset', method: 'GET', reused: true, by: 'reset' },
  { rule: 'retry-stale', name: 'DELETE, closed', method: 'DELETE', reused: true, by: 'close' },
  { rule: 'retry-not', name: 'POST, closed', method: 'POST', body: 'hello', reused: true, by: 'close' },
  { rule: 'retry-not', name: 'POST without body, reset', method: 'POST', reused: true, by: 'reset' },
  { rule: 'retry-not', name: 'PATCH, closed', method: 'PATCH', body: 'hello', reused: true, by: 'close' },
  { rule: 'retry-not', name: 'an unknown method, closed', method: 'PURGE', reused: true, by: 'close' },
  { rule: 'retry-not', name: 'GET on a new connection', method: 'GET', reused: false, by: 'close' },
  {
    rule: 'retry-not',
    name: 'GET after the first octet of an answer',
    method: 'GET',
    reused: true,
    says: 'H',
    by: 'close',
  },
];

async function run(bench: Bench, { rule, method, body, reused, says = '', by }: Row): Promise<void> {
  let arrivals = 0;
  let fresh = 0;
  const wire = await bench.open();
  if (reused) {
    wire.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await bench.answers(wire, ['GET']);
  }
  const used = new Set(bench.origin.connections.filter(({ closed }) => !closed));
  bench.origin.script = ({ target, connection }) => {
    if (target !== '/again') return { answer: ok() };
    arrivals++;
    if (!used.has(connection)) fresh++;
    const fails = !reused || used.has(connection);
    return fails ? { answer: says, ends: by } : { answer: ok('second') };
  };
  wire.write(message(method, body));
  const { messages, ended } = await bench.answers(wire, reused ? ['GET', method] : [method]);
  await bench.fence();
  const status = messages.slice(reused ? 1 : 0)[0]?.status;
  const got = `${status ?? ended} after ${arrivals} arrivals`;
  // A row of new connections may meet kept ones first: those may be tried again, a new one may not.
  const tooOften = reused ? arrivals !== 1 : fresh > 1;
  if (rule === 'retry-not' ? tooOften || status === 200 : status !== 200)
    throw new Violation(
      `${method} to an origin that hangs up`,
      rule === 'retry-not' ? 'one arrival, no 200' : '200',
      got,
    );
}

export const retryCases: readonly ConformanceCase[] = ROWS.map((row) => ({
  rule: row.rule,
  name: row.name,
  layer: 'l7',
  setup: plain,
  run: (bench) => run(bench, row),
}));
