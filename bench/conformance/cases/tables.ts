/** The two kinds of cases that are rows of a table: bytes that must be refused, and bytes that must arrive as one certain request. */
import { everyOne } from '../changes.ts';
import type { Bench, Ending } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { plain } from '../setups.ts';
import { ok, type Received } from '../origin.ts';
import { type Field, type StrictRequest, type StrictResponse, valuesOf } from '../strict-reader.ts';
import { cutsOf, sendVariants, type Variant } from './variants.ts';

type Common = Pick<ConformanceCase, 'rule' | 'name'> &
  Partial<Pick<ConformanceCase, 'setup' | 'needs' | 'quick' | 'deadline'>>;

function l7(row: Common, run: ConformanceCase['run']): ConformanceCase {
  const { rule, name, setup = plain, needs, quick, deadline } = row;
  return {
    rule,
    name,
    layer: 'l7',
    setup,
    ...(needs && { needs }),
    ...(quick && { quick }),
    ...(deadline !== undefined && { deadline }),
    run,
  };
}

export interface Refused extends Common {
  readonly send: string;
  /** Any of these. */
  readonly status: number | readonly number[];
  /** The connection must be closed; what follows on it must not be served. */
  readonly closes?: true;
  /** The head may have gone on before the fault came: then only a whole request must not have arrived. */
  readonly amidBody?: true;
  /** Sent in one piece only: it is time that counts. */
  readonly whole?: true;
}

const FOLLOW_UP = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

export const ANY_REFUSAL: readonly number[] = [
  400, 403, 404, 405, 411, 413, 414, 417, 426, 431, 500, 501, 502, 503, 505,
];

/** Refused with the status, and nothing of it reached the origin; whatever way it is cut. */
export function refused(row: Refused): ConformanceCase {
  const { send, status, closes, amidBody } = row;
  const statuses = typeof status === 'number' ? [status] : status;
  return l7(row, async (bench) => {
    const input = closes ? send + FOLLOW_UP : send;
    const method = /^[A-Z]+/.exec(send)?.[0] ?? 'GET';
    // Whoever lets it through is answered at once, whatever body the origin would wait for.
    if (!amidBody) bench.origin.script = () => ({ at: 'head', answer: ok() });
    const variants = await sendVariants(bench, input, row.whole ? [0] : undefined);
    await everyOne(
      variants.map(async (variant) => {
        const { messages, problem } = await bench.answers(variant.wire, [method]);
        const final = messages.find((message) => message.status >= 200);
        const got = final ? String(final.status) : (problem ?? 'a close without an answer');
        if (final === undefined || problem !== undefined || !statuses.includes(final.status))
          throw new Violation(sent(input, variant), statuses.join(' or '), got);
        if (closes && (await bench.ending(variant.wire)) === 'open')
          throw new Violation(sent(input, variant), 'a closed connection', 'an open one');
      }),
    );
    await bench.fence();
    const received = bench.origin.take();
    const partial = amidBody ? [] : received.rest;
    if (received.requests.length + partial.length + received.problems.length > 0)
      throw new Violation(show(input), 'nothing at the origin', arrived(received));
  });
}

export interface ExpectedRequest {
  readonly method?: string;
  readonly target?: string;
  /** By lower-case name: the values that must have arrived, joined by `, `; null: none. A pattern takes none as ''. */
  readonly fields?: Readonly<Record<string, string | RegExp | null>>;
  readonly body?: string;
  readonly framing?: StrictRequest['framing'];
  readonly trailers?: Readonly<Record<string, string | null>>;
}

export interface Forwarded extends Common {
  readonly send: string;
  readonly origin: ExpectedRequest;
  /** What the client sees; 200 by default. */
  readonly status?: number;
}

/** Answered with 200, and the strict reader finds at the origin what is expected; whatever way it is cut. */
export function forwarded(row: Forwarded): ConformanceCase {
  const { send, origin, status = 200 } = row;
  return l7(row, async (bench) => {
    const method = /^[A-Z]+/.exec(send)?.[0] ?? 'GET';
    const variants = await sendVariants(bench, send);
    await everyOne(
      variants.map(async (variant) => {
        const { messages, problem } = await bench.answers(variant.wire, [method]);
        const final = messages.find((message) => message.status >= 200);
        if (final?.status !== status || !final.complete)
          throw new Violation(
            sent(send, variant),
            `${status} and ${describeExpected(origin)}`,
            problem ?? (final ? String(final.status) : 'a close without an answer'),
          );
      }),
    );
    const received = bench.origin.take();
    if (received.requests.length !== variants.length || received.problems.length + received.rest.length > 0)
      throw new Violation(show(send), `${variants.length} whole requests at the origin`, arrived(received));
    for (const request of received.requests) checkRequest(show(send), request, origin);
  });
}

export function checkRequest(what: string, request: StrictRequest, expected: ExpectedRequest): void {
  const { method, target, fields = {}, body, framing, trailers = {} } = expected;
  const differs = (label: string, wanted: string, got: string): never => {
    throw new Violation(what, `${label} ${wanted}`, got);
  };
  if (method !== undefined && request.method !== method) differs('method', method, request.method);
  if (target !== undefined && request.target !== target) differs('target', target, show(request.target));
  if (body !== undefined && request.body !== body) differs('body', show(body), show(request.body));
  if (framing !== undefined && request.framing !== framing) differs('framing', framing, request.framing);
  checkFields(what, request.fields, fields);
  checkFields(`${what}, trailers`, request.trailers, trailers);
}

export function checkFields(
  what: string,
  fields: readonly Field[],
  expected: Readonly<Record<string, string | RegExp | null>>,
): void {
  for (const [name, wanted] of Object.entries(expected)) {
    const values = valuesOf(fields, name);
    const got = values.length === 0 ? null : values.join(', ');
    const matches = wanted instanceof RegExp ? wanted.test(got ?? '') : got === wanted;
    if (!matches)
      throw new Violation(
        what,
        `${name}: ${wanted === null ? 'absent' : String(wanted)}`,
        got === null ? 'none' : show(got),
      );
  }
}

export interface Answered extends Common {
  /** By target; a GET by default. */
  readonly request?: (target: string) => string;
  readonly method?: string;
  /** The origin's octets. */
  readonly origin: string;
  readonly ends?: 'close' | 'reset';
  readonly client: {
    readonly status: number | readonly number[];
    readonly body?: string;
    readonly fields?: Readonly<Record<string, string | RegExp | null>>;
    /** The 1xx that must come before, in order; none by default. */
    readonly informational?: readonly number[];
    /** False: the client must see that the body did not come to its end. */
    readonly complete?: boolean;
  };
  /** The connection to the origin must be closed by the proxy. */
  readonly upstreamCloses?: true;
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** What the client sees of an answer, whatever way the origin's octets are cut. */
export function answered(row: Answered): ConformanceCase {
  const { request = get, method = 'GET', origin: octets, ends, client } = row;
  return l7(row, async (bench) => {
    const { variants, upstream } = await answerVariants(bench, { request, octets, ...(ends && { ends }) });
    await everyOne(
      variants.map(async ({ wire, cut }) => {
        const reading = await bench.answers(wire, [method]);
        checkAnswer(`${show(octets)} from the origin${cut > 0 ? `, cut after ${cut}` : ''}`, reading, client);
      }),
    );
    if (row.upstreamCloses) await bench.arrived(() => upstream.every(({ closed, ended }) => closed || ended));
  });
}

type Reading = { readonly messages: readonly StrictResponse[]; readonly problem?: string; readonly ended: Ending };

function checkAnswer(what: string, { messages, problem, ended }: Reading, client: Answered['client']): void {
  const { status, body, fields = {}, informational = [], complete = true } = client;
  const statuses = typeof status === 'number' ? [status] : status;
  const final = messages.find((message) => message.status >= 200);
  const early = messages.filter((message) => message.status < 200).map((message) => message.status);
  if (complete === false) {
    // An answer of the proxy's own in place of the broken one is as good.
    if (final?.complete && final.status < 500)
      throw new Violation(what, 'no complete answer', `a complete ${final.status}`);
    return;
  }
  if (final === undefined || problem !== undefined || !statuses.includes(final.status))
    throw new Violation(what, statuses.join(' or '), problem ?? (final ? String(final.status) : `${ended}, no answer`));
  if (!final.complete) throw new Violation(what, `a whole ${final.status}`, 'a truncated one');
  if (early.join() !== informational.join())
    throw new Violation(what, `before it ${informational.join() || 'no 1xx'}`, early.join() || 'none');
  if (body !== undefined && final.body !== body) throw new Violation(what, `body ${show(body)}`, show(final.body));
  checkFields(what, final.fields, fields);
}

/** One request per cut; each is answered with `octets`, the part after the cut once the proxy has read the part before. */
async function answerVariants(
  bench: Bench,
  { request, octets, ends }: { request: (target: string) => string; octets: string; ends?: 'close' | 'reset' },
) {
  const cuts = cutsOf(Math.max(1, octets.length), bench);
  const waiting = new Map<string, (part: 'first' | 'last') => void>();
  bench.origin.script = ({ target, connection }) => ({
    answer: () => {
      const cut = Number(target.slice(target.lastIndexOf('/') + 1));
      waiting.set(`${target} ${waiting.size}`, (part) => {
        const text = part === 'first' ? octets.slice(0, cut) : octets.slice(cut);
        if (text !== '' && !connection.closed) connection.write(Buffer.from(text, 'latin1'));
        if (part === 'first' || connection.closed) return;
        if (ends === 'close') connection.end();
        if (ends === 'reset') connection.reset();
      });
    },
  });
  const variants = await Promise.all(
    cuts.map(async (cut): Promise<Variant> => {
      const wire = await bench.open();
      wire.write(Buffer.from(request(`/cut/${cut}`), 'latin1'));
      return { wire, cut };
    }),
  );
  await bench.arrived(() => waiting.size >= cuts.length);
  const upstream = bench.origin.connections.filter(({ raw, closed }) => !closed && raw.includes('/cut/'));
  for (const proceed of waiting.values()) proceed('first');
  await bench.fence();
  for (const proceed of waiting.values()) proceed('last');
  return { variants, upstream };
}

const sent = (input: string, { cut }: Variant): string => (cut === 0 ? show(input) : `${show(input)} cut after ${cut}`);

export const arrived = ({ requests, rest, problems }: Received): string =>
  [
    ...requests.slice(0, 2).map(({ method, target }) => `${method} ${target}`),
    ...(requests.length > 2 ? [`${requests.length} requests in all`] : []),
    ...rest.slice(0, 2).map((text) => show(text)),
    ...problems.slice(0, 2).map((problem) => `for a strict reader: ${problem}`),
  ].join('; ') || 'nothing';

const describeExpected = ({ target, method }: ExpectedRequest): string =>
  [method, target].filter((part) => part !== undefined).join(' ') || 'the request at the origin';

/** Passes where one of two behaviours holds; the failure told is that of the first. */
export function either(first: ConformanceCase, second: ConformanceCase): ConformanceCase {
  return {
    ...first,
    async run(bench) {
      try {
        await first.run(bench);
      } catch (failure) {
        await bench.fence();
        bench.origin.settle();
        await second.run(bench).catch(() => {
          throw failure;
        });
      }
    },
  };
}
