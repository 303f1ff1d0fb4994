/**
 * `hopcost gate --self-test`: the gate on this very host against what is known. Live gates of equal revisions and of faults injected into
 * head, each a whole gate; then virtual gates drawn from all of their rounds. How often it raised a false alarm and how often it
 * caught what is there, with intervals.
 */
import { writeFile } from 'node:fs/promises';
import type { Fault } from '#proxies/config/intent.ts';
import {
  describeLiveGates,
  type Expectation,
  type LiveGate,
  liveGate,
  type LiveGates,
} from '#bench/gate/live-gates.ts';
import { measuredOf } from '#bench/gate/sides.ts';
import { UsageError } from '#bench/model/errors.ts';
import { EXIT } from '../exit.ts';
import { parseInteger, parseList } from '../flags.ts';
import { known } from '../nearest.ts';
import type { Settings } from '#bench/run/spec.ts';
import { surroundings } from '../run/surroundings.ts';
import { measureGate } from '#bench/run/gate.ts';

export interface SelfTestFlags {
  readonly kinds?: string;
  readonly gates?: string;
  readonly save?: string;
}

interface Kind extends Expectation {
  readonly fault?: Fault;
}

const burn = (percentage: number): Kind => ({
  name: `cpu+${percentage}`,
  fault: { burn: percentage / 100 },
  added: percentage / 100,
  // Three per cent is where the smallest effect that matters begins: it may stay open.
  right: percentage <= 3 ? ['regressed', 'inconclusive', 'same'] : ['regressed'],
  wrong: ['improved'],
});

const KINDS: readonly Kind[] = [
  { name: 'equal', added: 0, right: ['same', 'inconclusive'], wrong: ['regressed', 'improved'] },
  burn(3),
  burn(5),
  burn(10),
  burn(20),
  { name: 'delay+1ms', fault: { delay: 1 }, right: ['regressed'], wrong: ['improved'] },
];

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

  const live: LiveGate[] = [];
  let host = '';
  const kept = (): string => `${JSON.stringify({ host, gates: live } satisfies LiveGates)}\n`;
  // Kinds in turn, so that a change of the host within hours meets them all.
  for (let gate = 0; gate < gates && !signal.aborted; gate++)
    for (const kind of kinds) {
      process.stderr.write(`self-test: ${kind.name}, gate ${gate + 1} of ${gates}\n`);
      const head = kind.fault === undefined ? {} : { fault: kind.fault };
      const base = new Map(settings.proxies.map(({ name }) => [name, {}]));
      const measurement = await measureGate({ settings, sides: { base, head }, rounds }, surroundings(), signal);
      if (measurement.interrupted) break;
      const { records, looks, seconds } = measurement;
      const { run, scenarios, environment } = records.run;
      host = `${environment.cpuModel}, ${environment.cores} cores, Linux ${environment.kernel}`;
      const gated = liveGate({ kind: kind.name, looks, seconds, run }, measuredOf(scenarios, records.trials));
      live.push(gated);
      process.stderr.write(`self-test: ${kind.name}: ${gated.state}\n`);
      if (flags.save !== undefined) await writeFile(flags.save, kept());
    }
  process.stdout.write(settings.json ? kept() : `${describeLiveGates(live, KINDS).join('\n')}\n`);
  signal.throwIfAborted();
  const bad = live.filter(({ kind, state }) => KINDS.find(({ name }) => name === kind)!.wrong.includes(state));
  if (bad.length > 0) process.exitCode = EXIT.failure;
}
