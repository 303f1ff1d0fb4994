/**
 * The measuring of a gate: both revisions prove themselves, then generations in which base and head are started afresh and take turns,
 * until they suffice. The same turns as every run; only whose they are differs.
 */
import type { Fault } from '#proxies/config/intent.ts';
import { stateOfGate } from '#bench/gate/decide.ts';
import { planGate } from '#bench/gate/plan.ts';
import { type MetricRule, REPEATS } from '#bench/gate/rules.ts';
import { measuredOf, spoiledRounds } from '#bench/gate/sides.ts';
import { proveRules } from '#bench/conformance/preflight.ts';
import { preflightSubject } from '#bench/lab/preflight.ts';
import type { RunRecords, SubjectRecord } from '#bench/model/record.ts';
import type { Subject } from '#bench/model/scenario.ts';
import type { PerSecond } from '#bench/model/units.ts';
import { formatDuration } from '#bench/analysis/words/quantity.ts';
import { applies } from '#bench/plan/applies.ts';
import { estimateRun } from '#bench/plan/estimate.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { takesTurns } from '#bench/plan/turns.ts';
import { resolveLoop } from './bench.ts';
import { runGeneration } from './generation.ts';
import { readHost, requireHost, runSession, type Session } from './session.ts';
import { definitionOf, hostedOf, type Observer, type Settings, type Surroundings } from './spec.ts';
import { runTrial } from './window.ts';

/** From where a revision's proxy runs. */
export interface Revised {
  /** A proxy of the registry: the package that hosts it. */
  readonly root?: string;
  /** A user's own: the folder of its command. */
  readonly cwd?: string;
  readonly fault?: Fault;
}

export interface Sides {
  /** Proxy → how base runs it. One that is absent is measured of head alone. */
  readonly base: ReadonlyMap<string, Revised>;
  readonly head: Revised;
}

export interface GateRun {
  readonly settings: Settings;
  readonly sides: Sides;
  /** Generations of the first look, and of both together where it leaves the gate open. */
  readonly rounds: { readonly first: number; readonly second: number };
  readonly rules?: readonly MetricRule[];
}

export interface GateMeasurement {
  readonly directory: string;
  readonly records: RunRecords;
  readonly looks: 1 | 2;
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** A revision cannot carry what is asked of it. */
export class RevisionUnfit extends Error {
  override readonly name = 'RevisionUnfit';
  readonly side: 'base' | 'head';
  readonly subject: string;
  constructor(side: 'base' | 'head', subject: string, message: string) {
    super(message);
    this.side = side;
    this.subject = subject;
  }
}

export async function measureGate(
  gate: GateRun,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<GateMeasurement> {
  const since = performance.now();
  const { settings, sides, rounds } = gate;
  const host = await readHost();
  const most = Math.ceil(rounds.second * (1 + REPEATS));
  const plan = roundsOf(settings, sides, most);
  const first = plan.slice(0, rounds.first);
  const expected = estimateRun({
    cohorts: first.map(({ turns }) => turns),
    windows: first.flatMap(({ windows }) => windows),
    hosted: hostedOf(settings),
    subjects: 1 + sides.base.size + settings.proxies.length,
    settings,
  });
  const observer = surroundings.observe(rounds.first, expected);
  let looks: 1 | 2 = 1;
  try {
    observer.note(
      `gate: ${settings.proxies.map(({ name }) => name).join(', ')}; ${settings.scenarios.map(({ name }) => name).join(', ')}\n` +
        `${rounds.first} rounds${sides.base.size > 0 ? ', base and head started afresh and in turns' : ''}, about ${formatDuration(expected)}; ${rounds.second} rounds where they leave it open (seed ${settings.seed})`,
    );
    observer.note(host.placementWords);
    requireHost(settings, host, [first[0]!.turns], observer);
    const counted = { ...settings, generations: rounds.first };
    const result = await runSession(
      { settings: counted, host, surroundings },
      async (session) => {
        const subjects = await admitRevisions(settings, sides, session, signal);
        const measuring: Measuring = { settings, sides, session, subjects, observer, rates: new Map() };
        let next = 0;
        const measureUntil = async (target: number): Promise<void> => {
          const allowed = Math.ceil(target * (1 + REPEATS));
          while (next < allowed && next - spoiledRounds(session.records.trials).length < target) {
            observer.starting(`round ${next + 1}`);
            await measureRound(plan[next]!, measuring, signal);
            next++;
          }
        };
        await measureUntil(rounds.first);
        const measured = measuredOf(settings.scenarios, session.records.trials, gate.rules);
        const isOpen = sides.base.size > 0 && stateOfGate(measured) === 'inconclusive';
        if (!isOpen || rounds.second <= rounds.first) return;
        looks = 2;
        observer.adding(rounds.second - rounds.first);
        observer.note(`${rounds.first} rounds leave it open: the second look, ${rounds.second} rounds in all`);
        await measureUntil(rounds.second);
      },
      signal,
    );
    return { ...result, looks, seconds: (performance.now() - since) / 1_000 };
  } finally {
    observer.close();
  }
}

/** A generation's trials: those that take turns, and those alone, one after the other. */
interface GateRound {
  readonly turns: readonly PlannedTrial[];
  readonly windows: readonly PlannedTrial[];
}

function roundsOf({ proxies, subjects, scenarios, seed, driver }: Settings, sides: Sides, rounds: number): GateRound[] {
  const plan = planGate({
    subjects: proxies.map(({ name }) => ({ name, sides: sides.base.has(name) ? ['base', 'head'] : ['head'] })),
    scenarios,
    carries: (scenario, name) => subjects.some((one) => one.name === name && applies(scenario, one)),
    rounds,
    seed,
  });
  return plan.map((planned) => ({
    turns: planned.filter(({ scenario }) => takesTurns(scenario, driver)),
    windows: planned.filter(({ scenario }) => !takesTurns(scenario, driver)),
  }));
}

/** How a trial's proxy is run; undefined where base runs none of it. */
const runsOf = (subject: Subject, { base, head }: Sides): Revised | undefined =>
  subject.kind === 'direct' ? {} : subject.side === 'head' ? head : base.get(subject.name);

async function admitRevisions(
  settings: Settings,
  sides: Sides,
  session: Session,
  signal: AbortSignal,
): Promise<SubjectRecord[]> {
  const { placement, certificate } = session;
  const admitted: SubjectRecord[] = [];
  const admit = async (subject: Subject, definition?: Settings['proxies'][number]): Promise<void> => {
    const from = runsOf(subject, sides);
    const found = await preflightSubject(
      {
        scenarios: settings.scenarios,
        placement,
        certificate,
        prove: proveRules,
        ...from,
        ...(definition && { definition }),
      },
      signal,
    );
    const record = { ...found, subject };
    await session.append(record);
    admitted.push(record);
    const failed = record.preflight.find(({ passed }) => !passed);
    if (failed && subject.kind === 'proxy')
      throw new RevisionUnfit(
        subject.side!,
        subject.name,
        `${subject.side} of ${subject.name}: preflight '${failed.rule}' failed: ${failed.detail}`,
      );
  };
  await admit({ kind: 'direct' });
  for (const definition of settings.proxies)
    for (const side of ['head', 'base'] as const) {
      const subject: Subject = { kind: 'proxy', name: definition.name, side };
      if (runsOf(subject, sides)) await admit(subject, definition);
    }
  return admitted;
}

interface Measuring {
  readonly settings: Settings;
  readonly sides: Sides;
  readonly session: Session;
  readonly subjects: readonly SubjectRecord[];
  readonly observer: Observer;
  readonly rates: Map<string, PerSecond>;
}

async function measureRound(
  { turns, windows }: GateRound,
  { settings, sides, session, subjects, observer, rates }: Measuring,
  signal: AbortSignal,
): Promise<void> {
  const { pool, placement, certificate } = session;
  const from = (subject: Subject): Revised => runsOf(subject, sides) ?? {};
  const found = await runGeneration(
    { trials: turns, rounds: settings.rounds },
    {
      placement,
      certificate,
      pool,
      seed: settings.seed,
      definitionOf: (name) => definitionOf(settings, name),
      runs: from,
      subjects,
      rates,
      doing: (what) => observer.doing(what),
    },
    signal,
  );
  for (const trial of found) {
    await session.append(trial);
    observer.finished(trial);
  }
  for (const planned of windows) {
    signal.throwIfAborted();
    const loop = resolveLoop(planned.scenario, session.records.trials);
    const context = { settings, pool, placement, certificate, subjects, proxy: from(planned.subject) };
    const trial = await runTrial(planned, loop, context, signal);
    await session.append(trial);
    observer.finished(trial);
  }
}
