import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Command } from 'commander';
import { recordedFile } from '#bench/conformance/deviations/known.ts';
import { observe, recordWith } from '#bench/conformance/deviations/observe.ts';
import { RULES } from '#bench/conformance/rules.ts';
import { runConformance, type Verdict } from '#bench/conformance/run.ts';
import { UsageError } from '#bench/model/errors.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { loadConfig } from '../config.ts';
import { EXIT } from '../exit.ts';
import { parseInteger } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { choose } from '../nearest.ts';
import { ownProxies, whyMissing } from '../run/proxies.ts';

interface Flags {
  readonly quick?: boolean;
  readonly record?: boolean;
  readonly runs: string;
  readonly json?: boolean;
}

export const conformanceCommand = (): Command =>
  new Command('conformance')
    .description('which rules of its layer a proxy keeps, and what it is known to do otherwise')
    .argument('<proxy...>', 'names of proxies, or of makers for all of theirs')
    .option('--quick', 'only what is checked before each measurement')
    .option('--json', 'one verdict a line')
    .option('--record', 'write down what it does otherwise, in its maker’s record; for whoever works on hopcost')
    .option('--runs <n>', 'with --record: how often the whole suite and the quick one are run', '3')
    .action(async (asked: string[], flags: Flags) => {
      const own = ownProxies(await loadConfig(process.cwd()));
      const chosen = chooseDefinitions(asked, own);
      const runs = parseInteger('--runs', flags.runs, 1, 100);
      if (flags.record) refuseUnrecorded(chosen, own);
      for (const definition of chosen) {
        const availability = await definition.availability();
        if (availability.state === 'missing') throw new UsageError(whyMissing(definition.name, availability));
      }
      using interruption = onInterrupt();
      const { signal } = interruption;
      try {
        for (const definition of chosen)
          if (flags.record) await record(definition, runs, signal);
          else await check(definition, flags, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        process.exitCode = EXIT.interrupted;
      }
    });

function chooseDefinitions(asked: readonly string[], own: readonly ProxyDefinition[]): ProxyDefinition[] {
  const all = [...proxies.values(), ...own];
  const families = Map.groupBy(all, ({ family }) => family);
  const named = new Map(all.map((definition) => [definition.name, definition]));
  const names = choose('proxy', asked, [...new Set([...named.keys(), ...families.keys()])]);
  return [...new Set(names.flatMap((name) => named.get(name) ?? families.get(name)!))];
}

/** Ours keep every rule, and a user's own are none of hopcost's. An installed package is not written to. */
function refuseUnrecorded(chosen: readonly ProxyDefinition[], own: readonly ProxyDefinition[]): void {
  if (!import.meta.filename.endsWith('.ts'))
    throw new UsageError('--record needs a checkout of hopcost: the records are part of its sources');
  const ours = new Set([...proxies.values()].flatMap(({ isReference, family }) => (isReference ? [family] : [])));
  const refused = chosen.filter((one) => ours.has(one.family) || own.includes(one)).map(({ name }) => name);
  if (refused.length > 0)
    throw new UsageError(`--record is for peers: ${refused.join(', ')} is expected to keep every rule, or is your own`);
}

async function check(definition: ProxyDefinition, { quick = false, json = false }: Flags, signal: AbortSignal) {
  const verdicts = await runConformance(definition, { quick, launch: { kind: 'child', cores: null } }, signal);
  const of = (state: Verdict['state']): Verdict[] => verdicts.filter((verdict) => verdict.state === state);
  if (of('failed').length > 0) process.exitCode = EXIT.failure;
  const { name } = definition;
  if (json) {
    for (const verdict of verdicts) process.stdout.write(`${JSON.stringify({ proxy: name, ...verdict })}\n`);
    return;
  }
  const lines = [
    `${name}: ${of('passed').length} cases kept, ${of('deviating').length} known to deviate, ${of('failed').length} failed, ${of('skipped').length} do not reach it`,
    ...of('failed').map(
      (one) => `  failed  ${whatOf(one)}: sent ${one.sent}: expected ${one.expected}, got ${one.got}`,
    ),
    ...of('healed').map((one) => `  healed  ${whatOf(one)}: kept, though known to deviate`),
    ...of('deviating').map((one) => `  deviates  ${whatOf(one)}: it ${one.reason}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

const whatOf = ({ rule, name }: Verdict): string => `${RULES[rule].text} (${name})`;

async function record(definition: ProxyDefinition, runs: number, signal: AbortSignal): Promise<void> {
  const starting = (run: number, of: number): void =>
    void process.stderr.write(`${definition.name}: run ${run} of ${of}\n`);
  const found = await observe(definition, { runs, starting }, signal);
  const file = recordedFile(definition.family);
  writeFileSync(file, recordWith(definition, found));
  process.stdout.write(`${definition.name}: recorded in ${relative(process.cwd(), file)}\n`);
}
