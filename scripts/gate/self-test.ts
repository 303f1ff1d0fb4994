/**
 * `hopcost gate --self-test`: the gate on this very host against what is known. Live gates of equal revisions and of faults injected into
 * head, each a whole gate; then virtual gates drawn from all of their rounds. How often it raised a false alarm and how often it
 * caught what is there, with intervals.
 */
import { writeFile } from 'node:fs/promises';
import type { Fault } from '#proxies/config/intent.ts';
import { decide } from '#bench/gate/decide.ts';
import { replay, shareInterval } from '#bench/gate/replay.ts';
import type { GateState } from '#bench/gate/result.ts';
import { type Measured, measuredOf } from '#bench/gate/slices.ts';
import { percent } from '#bench/analysis/quantity.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { parseInteger, parseList } from '../flags.ts';
import { UsageError } from '../exit.ts';
import { known } from '../nearest.ts';
import type { Settings } from '../run/settings.ts';
import { type GateMeasurement, measureGate } from './measure.ts';

export interface SelfTestFlags {
  readonly kinds?: string;
  readonly gates?: string;
  readonly save?: string;
}

interface Kind {
  readonly name: string;
  /** What is injected, given the CPU microseconds of one request of base. */
  readonly fault: (cpu: number) => Fault | undefined;
  /** What a gate should say, and what it must never say. */
  readonly right: readonly GateState[];
  readonly wrong: readonly GateState[];
}

const burn = (percentage: number): Kind => ({
  name: `cpu+${percentage}`,
  fault: (cpu) => ({ burn: (cpu * percentage) / 100 }),
  // Three per cent is where the smallest effect that matters begins: it may stay open.
  right: percentage <= 3 ? ['regressed', 'inconclusive', 'same'] : ['regressed'],
  wrong: ['improved'],
});

const KINDS: readonly Kind[] = [
  { name: 'equal', fault: () => undefined, right: ['same', 'inconclusive'], wrong: ['regressed', 'improved'] },
  burn(3),
  burn(5),
  burn(10),
  burn(20),
  { name: 'delay+1ms', fault: () => ({ delay: 1 }), right: ['regressed'], wrong: ['improved'] },
];

const VIRTUAL_GATES = 3_000;

/** One live gate, as far as it is kept for replay. */
interface LiveGate {
  readonly kind: string;
  readonly state: GateState;
  readonly looks: 1 | 2;
  readonly seconds: number;
  readonly run: string;
  readonly measured: readonly Measured[];
}

export async function selfTest(
  settings: Settings,
  rounds: { readonly first: number; readonly second: number },
  flags: SelfTestFlags,
  signal: AbortSignal,
): Promise<void> {
  const names = KINDS.map(({ name }) => name);
  const chosen = (flags.kinds === undefined ? names : parseList(flags.kinds)).map((name) => known('kind', name, names));
  const kinds = KINDS.filter(({ name }) => chosen.includes(name));
  if (kinds.some(({ name }) => name !== 'equal') && settings.proxies.some(({ name }) => !/^l7-(http|tls)/.test(name)))
    throw new UsageError('faults can be injected into the L7 references only: name l7-http or l7-tls with --proxies');
  const gates = flags.gates === undefined ? 1 : parseInteger('--gates', flags.gates, 1, 1_000);

  const measure = (fault: Fault | undefined, looks: typeof rounds): Promise<GateMeasurement> =>
    measureGate({ settings, sides: { base: {}, head: fault ? { fault } : {} }, rounds: looks }, signal);
  process.stderr.write('self-test: what one request of base costs, to size the faults\n');
  const cpu = cpuOf(await measure(undefined, { first: 1, second: 1 }), settings);
  signal.throwIfAborted();

  const live: LiveGate[] = [];
  // Kinds in turn, so that a change of the host within hours meets them all.
  for (let gate = 0; gate < gates && !signal.aborted; gate++)
    for (const kind of kinds) {
      process.stderr.write(`self-test: ${kind.name}, gate ${gate + 1} of ${gates}\n`);
      const measurement = await measure(kind.fault(cpu), rounds);
      if (measurement.interrupted) break;
      const { records, looks, seconds } = measurement;
      const measured = measuredOf(records.run.scenarios, records.trials);
      const { state } = decide(measured);
      live.push({ kind: kind.name, state, looks, seconds, run: records.run.run, measured });
      process.stderr.write(`self-test: ${kind.name}: ${state}\n`);
      if (flags.save !== undefined)
        await writeFile(flags.save, `${JSON.stringify({ cpu, live: live.map(compact) })}\n`);
    }
  process.stdout.write(settings.json ? `${JSON.stringify({ cpu, live: live.map(compact) })}\n` : tableOf(kinds, live));
  signal.throwIfAborted();
  const bad = live.filter(({ kind, state }) => KINDS.find(({ name }) => name === kind)!.wrong.includes(state));
  if (bad.length > 0) process.exitCode = 1;
}

/** Median microseconds of CPU per request over base's slices of the first scenario. */
function cpuOf({ records }: GateMeasurement, { scenarios }: Settings): number {
  const found = measuredOf(scenarios.slice(0, 1), records.trials).find(({ rule }) => rule.metric === 'cpuPerRequest');
  if (!found)
    throw new Error(
      'no slice of base completed, so that the faults cannot be sized; `hopcost doctor` says whether this host is fit',
    );
  return median(found.rounds.flatMap(({ base, head }) => [...base, ...head]));
}

const round = (value: number): number => Number(value.toPrecision(6));

/** Figures of the deciding metrics alone. */
const compact = (gate: LiveGate) => ({
  ...gate,
  seconds: Math.round(gate.seconds),
  measured: gate.measured
    .filter(({ rule }) => rule.primary)
    .map(({ scenario, subject, rule, rounds }) => ({
      scenario,
      subject,
      metric: rule.metric,
      rounds: rounds.map(({ base, head, round: number }) => [number, base.map(round), head.map(round)]),
    })),
});

/** The rounds of several gates as of one, numbered on. */
export function pooled(gates: readonly { readonly measured: readonly Measured[] }[]): Measured[] {
  const all = gates.flatMap(({ measured }, gate) =>
    measured
      .filter(({ rule }) => rule.primary)
      .map((one) => ({ ...one, rounds: one.rounds.map((each) => ({ ...each, round: gate * 1_000 + each.round })) })),
  );
  const groups = Map.groupBy(all, ({ scenario, subject, rule }) => JSON.stringify([scenario, subject, rule.metric]));
  return [...groups.values()].map((of) => ({ ...of[0]!, rounds: of.flatMap(({ rounds }) => rounds) }));
}

const share = (count: number, of: number): string => {
  const { low, high } = shareInterval(count, of);
  return `${count}/${of} (${percent(low)}–${percent(high)})`;
};

function tableOf(kinds: readonly Kind[], live: readonly LiveGate[]): string {
  const lines: string[] = [
    'kind         live gates right       wrong                 rounds  virtual gates: dearer, cheaper, open',
  ];
  for (const { name, right, wrong } of kinds) {
    const own = live.filter(({ kind }) => kind === name);
    if (own.length === 0) continue;
    const count = (states: readonly GateState[]): number => own.filter(({ state }) => states.includes(state)).length;
    const measured = pooled(own);
    const rounds = new Set(measured.flatMap((one) => one.rounds.map((each) => each.round))).size;
    const { states } = replay(measured, { gates: VIRTUAL_GATES, seed: 1, swap: name === 'equal' });
    lines.push(
      `${name.padEnd(12)} ${share(count(right), own.length).padEnd(22)} ${share(count(wrong), own.length).padEnd(21)} ${String(rounds).padStart(6)}  ` +
        `${share(states.regressed, VIRTUAL_GATES)}, ${states.improved}, ${states.inconclusive}`,
    );
  }
  const equal = live.filter(({ kind }) => kind === 'equal');
  if (equal.length > 0)
    for (const factor of [1.03, 1.05, 1.1, 1.2]) {
      const { states } = replay(pooled(equal), { gates: VIRTUAL_GATES, seed: 2, swap: true, factor });
      lines.push(
        `${`×${factor}`.padEnd(12)} ${'(equal rounds, scaled)'.padEnd(22)} ${''.padEnd(21)} ${''.padStart(6)}  ${share(states.regressed, VIRTUAL_GATES)}, ${states.improved}, ${states.inconclusive}`,
      );
    }
  return `${lines.join('\n')}\n`;
}
