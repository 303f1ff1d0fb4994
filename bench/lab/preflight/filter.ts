/** Whether a filter is at work in the setup that is measured: its requests are answered as they should be, and it does what it is for. */
import { gunzipSync } from 'node:zlib';
import type { Traffic } from '#bench/model/scenario.ts';
import { ask } from '../http-client.ts';
import type { Effect, PricedFilter } from '../priced-filters.ts';
import { expect, type PreflightBench, type PreflightCase } from './case.ts';

type HttpTraffic = Extract<Traffic, { kind: 'http' }>;

const decoded = (body: Buffer, coding: string | undefined): Buffer => (coding === 'gzip' ? gunzipSync(body) : body);

/** Times that it is asked: the first of them may fill a cache. */
const TIMES = 3;

function answered({ path, headers }: HttpTraffic['request'], expected: HttpTraffic['expect']): PreflightCase {
  return {
    rule: 'its requests are answered as they should be',
    origin: 'http-fixed',
    async run({ target, origin }, signal) {
      const question = { path, headers: Object.fromEntries(headers) };
      const past = await ask(origin.target, { path }, signal);
      for (let i = 0; i < TIMES; i++) {
        const through = await ask(target, question, signal);
        expect(through.status === expected.status, () => `expected ${expected.status}, got ${through.status}`);
        const content = decoded(through.body, through.headers['content-encoding']);
        expect(
          content.equals(past.body),
          () => `the content differs from what the origin sends: ${content.length} bytes`,
        );
      }
      return `${TIMES} requests, answered with what the origin sends`;
    },
  };
}

const EFFECTS: {
  readonly [Kind in Effect['kind']]: (
    effect: Extract<Effect, { kind: Kind }>,
    request: HttpTraffic['request'],
  ) => (bench: PreflightBench, signal: AbortSignal) => Promise<string>;
} = {
  refuses:
    ({ status: wanted }, { path }) =>
    async ({ target }, signal) => {
      const { status } = await ask(target, { path }, signal);
      expect(status === wanted, () => `without credentials: expected ${wanted}, got ${status}`);
      return `${wanted} without credentials`;
    },
  'answers with':
    ({ field, value }, { path, headers }) =>
    async ({ target }, signal) => {
      const { headers: got } = await ask(target, { path, headers: Object.fromEntries(headers) }, signal);
      expect(got[field] === value, () => `expected ${field}: ${value}, got ${String(got[field])}`);
      return `${field}: ${value}`;
    },
  asks:
    ({ requests: wanted }, { path, headers }) =>
    async ({ target, origin }, signal) => {
      const question = { path, headers: Object.fromEntries(headers) };
      await ask(target, question, signal); // into a cache
      const before = await origin.counters();
      await ask(target, question, signal);
      let { requests } = await origin.counters();
      // A copy may still be on its way.
      while (requests - before.requests < wanted) {
        signal.throwIfAborted();
        ({ requests } = await origin.counters());
      }
      const got = requests - before.requests;
      expect(got === wanted, () => `expected ${wanted} requests at the origin, got ${got}`);
      return `${wanted} requests at the origin for one`;
    },
};

export function filterCases({ scenario: { traffic }, effect }: PricedFilter): PreflightCase[] {
  if (traffic.kind !== 'http') return [];
  const { request } = traffic;
  const cases = [answered(request, traffic.expect)];
  if (effect === undefined) return cases;
  const run = (EFFECTS[effect.kind] as (...args: readonly unknown[]) => PreflightCase['run'])(effect, request);
  return [...cases, { rule: 'it is at work', origin: 'http-fixed', run }];
}
