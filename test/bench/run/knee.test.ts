/** The driver of a knee search with windows that are not measured but drawn: its order, its records, its end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTrial } from '#bench/analysis/verdict/verdict.ts';
import { RunLine } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { MOST_WINDOWS } from '#bench/plan/knee.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import {
  type PlannedSearch,
  plannedSearches,
  searchCost,
  searchKnees,
  type SearchContext,
  searchRecord,
} from '#bench/run/knee.ts';
import { measure, PLACEMENT, TRUTHS } from '#test/reports/synthetic-run.ts';
import { OBJECTIVE } from '#test/reports/synthetic-search.ts';
import { millis } from '#bench/model/units.ts';

const SMALL = SCENARIOS.find(({ name }) => name === 'http-small')!;
const FACTS = TRUTHS.slice(0, 3).map(({ name, layer }) => ({ name, layer, capabilities: new Set<string>() }));
const searches = plannedSearches({ search: { objective: OBJECTIVE, scenarios: [SMALL] } }, FACTS);
/** Requests per second at which the objective is missed. */
const KNEES: Readonly<Record<string, number>> = { direct: 9_000, 'l4-tcp': 3_000, 'l7-http': 2_000 };

interface Driven {
  readonly lines: RunLine[];
  readonly notes: string[];
  readonly context: SearchContext;
}

/** `stop` is called before each window with how many there were. */
function drive(
  seed: number,
  stop: (windows: number) => void = () => {},
  planned: readonly PlannedSearch[] = searches,
): Driven {
  const random = mulberry32(seed);
  const lines: RunLine[] = [];
  const notes: string[] = [];
  let windows = 0;
  const drawn: SearchContext['measure'] = async (
    { scenario, subject, generation, position },
    loop,
    { settings },
    signal,
  ) => {
    stop(windows++);
    signal.throwIfAborted();
    assert.ok(loop?.kind === 'open' && settings.samples !== undefined && settings.samples > 1_000);
    const name = subjectName(subject);
    const truth = { ...TRUTHS.find((one) => one.name === name)!, cpu: 20 };
    const queueing = loop.offered >= KNEES[name]! ? 100 : 1;
    // A second's window at a low rate has too few requests: as many as the harness makes room for.
    const roomy = { ...loop, offered: Math.max(loop.offered, settings.samples) as typeof loop.offered };
    const { load, probes } = measure({ scenario, truth, loop: roomy, random, noise: 0, instructions: false, queueing });
    const host = { ...probes.host, busy: 0.3 };
    const evidence = { scenario, subject, load, probes: { ...probes, host }, placement: PLACEMENT };
    const id = { record: 'trial' as const, scenario: scenario.name, subject, generation, position };
    return {
      ...id,
      startedAt: '2026-01-01T00:00:00.000Z',
      loop,
      ...judgeTrial(evidence),
      load,
      probes: evidence.probes,
    };
  };
  const context = {
    trial: { settings: { seed, warmup: millis(0), window: millis(1_000) }, placement: PLACEMENT },
    objective: OBJECTIVE,
    searches: planned,
    log: { append: async (line: RunLine) => void lines.push(RunLine.parse(line)) },
    progress: { doing: () => {}, note: (line: string) => void notes.push(line) },
    measure: drawn,
  } as unknown as SearchContext;
  return { lines, notes, context };
}
const never = new AbortController().signal;

test('every search comes to its verdict, a line after its last window; every window is a line before the next', async () => {
  const { lines, notes, context } = drive(1);
  await searchKnees(context, never);
  const verdicts = lines.filter((line) => line.record === 'knee');
  assert.equal(verdicts.length, 3);
  for (const { subject, verdict, windows } of verdicts) {
    const name = subjectName(subject);
    assert.ok(verdict.state === 'found', `${name}: ${verdict.state}`);
    assert.ok(verdict.low.rate < KNEES[name]! && KNEES[name]! <= verdict.high.rate, name);
    const own = lines.filter((line) => line.record === 'knee-window' && subjectName(line.trial.subject) === name);
    assert.equal(own.length, windows);
    assert.equal(
      lines.indexOf(lines.find((line) => line === verdicts.find((one) => one.subject === subject))!),
      lines.indexOf(own.at(-1)!) + 1,
    );
    assert.deepEqual(
      own.map((line) => line.record === 'knee-window' && line.trial.generation),
      own.map((_, i) => i),
    );
  }
  assert.equal(notes.length, lines.length - 3);
  assert.match(notes[0]!, /^window  1 {2}http-small · \S+ +500\/s {2}held$/);
});

test('all searches take one window a pass, in an order that the seed decides and that differs from pass to pass', async () => {
  const orders = async (seed: number): Promise<string[]> => {
    const { lines, context } = drive(seed);
    await searchKnees(context, never);
    const names = lines.flatMap((line) => (line.record === 'knee-window' ? [subjectName(line.trial.subject)] : []));
    return Array.from({ length: 8 }, (_, pass) => names.slice(3 * pass, 3 * pass + 3).join());
  };
  const first = await orders(5);
  for (const pass of first) assert.deepEqual(pass.split(',').toSorted(), ['direct', 'l4-tcp', 'l7-http']);
  assert.ok(new Set(first).size > 1);
  assert.deepEqual(await orders(5), first);
  assert.notDeepEqual(await orders(6), first);
});

test('an abort ends it at the window under way; what was found until then is on disk', async () => {
  const interruption = new AbortController();
  const { lines, context } = drive(
    1,
    (windows) => windows === 10 && interruption.abort(new Error('interrupted by SIGINT')),
  );
  await assert.rejects(searchKnees(context, interruption.signal), /interrupted by SIGINT/);
  assert.equal(lines.length, 10);
  assert.ok(lines.every(({ record }) => record === 'knee-window'));
});

test('who is searched: whoever carries the scenario, once each; without --find nobody', () => {
  assert.deepEqual(
    searches.map(({ subject }) => subjectName(subject)),
    ['direct', 'l4-tcp', 'l7-http'],
  );
  assert.deepEqual(plannedSearches({}, FACTS), []);
  const echo = SCENARIOS.find(({ name }) => name === 'tcp-echo')!;
  assert.equal(plannedSearches({ search: { objective: OBJECTIVE, scenarios: [SMALL, echo] } }, FACTS).length, 5);
  assert.deepEqual(searchRecord({ objective: OBJECTIVE, scenarios: [SMALL] })?.scenarios, ['http-small']);
});

test('what it takes is told beforehand, and grows with the searches and the quantile', () => {
  const times = { warmup: millis(600), window: millis(1_000) };
  const { usual, most } = searchCost(OBJECTIVE, 1, times);
  assert.ok(usual < most && most <= MOST_WINDOWS * 13_000);
  assert.equal(searchCost(OBJECTIVE, 3, times).usual, 3 * usual);
  const tail = searchCost(
    {
      clauses: [{ kind: 'latency', time: 'service', q: 0.9999, below: OBJECTIVE.clauses[0].below }],
    } as typeof OBJECTIVE,
    1,
    times,
  );
  assert.ok(tail.usual > usual);
});
