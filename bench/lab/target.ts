/**
 * A target that runs elsewhere and is not ours: nothing is started, and nothing is sent to it but what the load will send. Its
 * preflight asks for the declared path a few times; what comes, always the same, is what the load expects. TCP: it echoes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import type { External, ProxyDefinition } from '#proxies/contract.ts';
import type { LoadJob } from '#bench/model/load.ts';
import { RateCap } from '#bench/model/rate-cap.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import type { Traffic } from '#bench/model/scenario.ts';
import { bytes, millis } from '#bench/model/units.ts';
import type { Way } from './topology.ts';
import { type Target, Wire } from './wire.ts';

type Expected = NonNullable<NonNullable<SubjectRecord['external']>['expect']>;
type Check = SubjectRecord['preflight'][number];

/** Asked so often: once to learn what it answers, then to see that it does so again. */
const ASKED = 3;
const ECHOED = 64;
const PATIENCE = 10_000;
const FIRST_FAILURE = 400;
/** Bytes of a body; what is longer says nothing of a hop. */
const MOST_BODY = 64 * 1024 * 1024;

/** One answer, as the load reads it. */
export interface Looked {
  readonly status: number;
  readonly bodyBytes: number;
  /** Where a redirect leads. */
  readonly location?: string;
  /** What was tolerated of it, each a clause. */
  readonly lapses: readonly string[];
}

/** Asks once, by what the load asks with: handed in, for the load is nothing that the lab knows. Rejects past `mostBytes`. */
export type Look = (
  peer: Pick<LoadJob, 'target' | 'tls'>,
  request: HttpRequest,
  mostBytes: number,
  signal: AbortSignal,
) => Promise<Looked>;

type HttpRequest = Extract<Traffic, { kind: 'http' }>['request'];

export interface TargetSpec {
  readonly definition: ProxyDefinition & { readonly external: External };
  /** Requests a second that it may be sent. */
  readonly maxRate: number;
  readonly look: Look;
}

const targetOf = ({ address, tls, ca, serverName }: External): Target => ({
  ...address,
  ...(tls && { tls: { serverName, ...(ca !== undefined && { ca }) } }),
});

/** What every request to it carries, in the preflight as in the load. */
const headersOf = ({ authority }: External): [string, string][] => [
  ['Host', authority],
  ['User-Agent', 'hopcost'],
];

const requestOf = (external: External): HttpRequest => ({
  method: 'GET',
  path: external.path,
  headers: headersOf(external),
  bodyBytes: bytes(0),
});

/** What a scenario sends to it, instead of what it sends to our own origin. */
function trafficTo(external: External, expect: Expected | null, traffic: Traffic): Traffic {
  if (traffic.kind !== 'http') return traffic;
  if (expect === null) throw new Error(`${external.url} was not asked for its answer yet`);
  return {
    ...traffic,
    request: requestOf(external),
    expect,
  };
}

/** There is nothing to start or to stop, and nobody of ours to die. */
export const wayTo = (
  external: External,
  { expect, maxRate }: NonNullable<SubjectRecord['external']>,
  traffic: Traffic,
): Way => ({
  target: external.address,
  ...pick(targetOf(external)),
  traffic: trafficTo(external, expect, traffic),
  maxRate,
  verify: () => undefined,
  settled: () => Promise.resolve(undefined),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const pick = ({ tls }: Target): Pick<Way, 'tls'> => (tls ? { tls } : {});

/** Never rejects but for an abort: what a target does wrong is its failed check, in one sentence that names it. */
export async function preflightTarget(spec: TargetSpec, signal: AbortSignal): Promise<SubjectRecord> {
  const { definition, maxRate, look } = spec;
  const { external, name, layer } = definition;
  const cap = new RateCap(maxRate, performance.now());
  const turn = async (): Promise<AbortSignal> => {
    for (let wait = cap.take(performance.now()); wait > 0; wait = cap.take(performance.now()))
      await sleep(Math.ceil(wait), undefined, { signal });
    return AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  };
  let expect: Expected | null = null;
  let notes: readonly string[] = [];
  let latency = 0;
  const checks: Check[] = [];
  const check = async (rule: string, run: () => Promise<string>): Promise<void> => {
    try {
      checks.push({ rule, passed: true, detail: await run() });
    } catch (error) {
      signal.throwIfAborted();
      checks.push({ rule, passed: false, detail: `${name} (${external.url}): ${(error as Error).message}` });
    }
  };
  /** The longest of all that were asked, with the connection that each has for itself. */
  const timed = async <T>(ask: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    const answer = await ask();
    latency = Math.max(latency, performance.now() - since);
    return answer;
  };
  if (layer === 'l4') await check('it takes a connection and echoes', () => echo(external, turn, timed));
  else
    await check('the declared path answers, the same every time', async () => {
      const answer = await steadyAnswer(external, (...asked) => timed(() => look(...asked)), turn);
      expect = { status: answer.status, bodyBytes: bytes(answer.bodyBytes) };
      notes = notesOf(answer);
      return `${ASKED} times status ${expect.status} and ${expect.bodyBytes} bytes`;
    });
  return {
    record: 'subject',
    subject: { kind: 'proxy', name },
    family: definition.family,
    layer,
    tls: external.tls,
    isReference: false,
    isHosted: false,
    summary: definition.summary,
    version: 'external',
    nativeConfig: `external: ${external.url}`,
    external: {
      url: external.url,
      maxRate,
      expect,
      latency: millis(latency),
      ...(notes.length > 0 && { notes: [...notes] }),
    },
    preflight: checks,
  };
}

/** What whoever reads its figures must know of what it answers. */
function notesOf({ status, location, lapses }: Looked): string[] {
  const isRedirect = status >= 300 && status < FIRST_FAILURE && status !== 304;
  const where = location === undefined ? '' : ` to ${location}`;
  return [
    ...(isRedirect ? [`answers ${status}${where}: the redirect itself is measured`] : []),
    ...lapses.map((lapse) => `does not answer in HTTP/1.1 to the letter: ${lapse}; it is read all the same`),
  ];
}

async function steadyAnswer(external: External, look: Look, turn: () => Promise<AbortSignal>): Promise<Looked> {
  const { address, ...secure } = { address: external.address, ...pick(targetOf(external)) };
  const wanted = `GET ${external.path}: expected`;
  let first: Looked | undefined;
  for (let i = 0; i < ASKED; i++) {
    const signal = await turn();
    const answer = await look({ target: address, ...secure }, requestOf(external), MOST_BODY, signal).catch(
      (error: unknown) => {
        throw new Error(`${wanted} an answer, got ${whatCame(error, external, signal)}`);
      },
    );
    if (answer.status >= FIRST_FAILURE)
      throw new Error(
        `${wanted} a status below ${FIRST_FAILURE}, got ${answer.status}; declare a path that it answers`,
      );
    if (first !== undefined && (answer.status !== first.status || answer.bodyBytes !== first.bodyBytes))
      throw new Error(
        `${wanted} status ${first.status} and ${first.bodyBytes} bytes again, got ${answer.status} and ${answer.bodyBytes} bytes; declare a path whose answer does not change`,
      );
    first ??= answer;
  }
  return first!;
}

async function echo(
  external: External,
  turn: () => Promise<AbortSignal>,
  timed: <T>(ask: () => Promise<T>) => Promise<T>,
): Promise<string> {
  const signal = await turn();
  return timed(() => echoed(external, signal));
}

async function echoed(external: External, signal: AbortSignal): Promise<string> {
  const message = randomBytes(ECHOED);
  const wire = await Wire.open(targetOf(external), signal).catch((error: unknown) => {
    throw new Error(`expected it to take a connection, got ${whatCame(error, external, signal)}`);
  });
  await using _ = wire;
  wire.write(message);
  const received = await wire
    .until((got) => got.length >= message.length)
    .catch((error: unknown) => {
      throw new Error(
        `it takes connections; expected the ${ECHOED} bytes that were sent back, got ${whatCame(error, external, signal)}; only what echoes can be measured by TCP, name HTTP as http://`,
      );
    });
  if (!received.equals(message))
    throw new Error(`expected the ${ECHOED} bytes that were sent back, got ${received.length} others`);
  return `${ECHOED} bytes came back`;
}

/** Of a certificate: what was expected of it, since "unable to verify" tells nobody what to do. */
function whatCame(error: unknown, { serverName, tls }: External, signal: AbortSignal): string {
  if (signal.aborted) return `nothing within ${PATIENCE} ms`;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const said = message.includes(code) ? message : `${message} (${code})`;
  if (!tls) return said;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `a certificate that is not for ${serverName}: ${message}; name the target as its certificate does`;
  return isUntrusted(code)
    ? `a certificate that no trusted authority vouches for (${code}); give its authority with --target-ca FILE`
    : said;
}

/** OpenSSL's verification errors as Node names them. */
const isUntrusted = (code: string): boolean =>
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_UNTRUSTED|INVALID_CA)$/.test(code);
