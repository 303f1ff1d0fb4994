/** `--target`: what runs elsewhere as subjects. Refused unless the user says that it is theirs, and how much it may be sent. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ExternalTarget, parseTarget } from '#proxies/peers/external.ts';
import type { Targets } from '#bench/run/spec.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { cappedScenarios, MOST_CONNECTIONS, type TargetKind } from '#bench/plan/capped.ts';
import { type BenchConfig, MOST_RATE } from '../config.ts';
import { explain, UsageError } from '#bench/model/errors.ts';
import { parseInteger } from '../flags.ts';
import { SubjectName } from '../own-subjects.ts';

export interface TargetFlags {
  readonly target?: readonly string[];
  readonly iOwnThisTarget?: boolean;
  readonly maxRate?: string;
  readonly connections?: string;
  readonly targetCa?: string;
}

/** Undefined where there is none. Throws `UsageError`, also for flags that are about targets where there is none. */
export function chooseTargets(flags: TargetFlags, config: BenchConfig): Targets | undefined {
  const { targets: kept = [], directory = process.cwd() } = config;
  const asked = flags.target
    ? flags.target.map((text) => ({ text, ca: flags.targetCa }))
    : kept.map((one) =>
        typeof one === 'string'
          ? { text: one, ca: flags.targetCa }
          : { text: one.target, ca: one.ca === undefined ? flags.targetCa : resolve(directory, one.ca) },
      );
  if (asked.length === 0) {
    if ([flags.iOwnThisTarget, flags.maxRate, flags.connections, flags.targetCa].some((value) => value !== undefined))
      throw new UsageError(
        '--i-own-this-target, --max-rate, --connections and --target-ca are about a --target, and none is given',
      );
    return undefined;
  }
  const definitions = asked.map(({ text, ca }) => readTarget(text, ca));
  const names = definitions.map(({ name }) => name);
  const owned = (config.subjects ?? []).map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i || owned.includes(name))
      throw new UsageError(`--target ${name}: another subject has this name; choose another`);
    const valid = SubjectName.safeParse(name);
    if (!valid.success) throw new UsageError(`--target ${name}: ${valid.error.issues[0]?.message}`);
  }
  if (!flags.iOwnThisTarget)
    throw new UsageError(
      `--target ${names.join(', ')}: load goes only to what is yours, or to whose owner has agreed; say so with --i-own-this-target`,
    );
  if (flags.targetCa !== undefined && !definitions.some(({ external }) => external.tls))
    throw new UsageError('--target-ca is about https targets, and none is given');
  const rate = flags.maxRate ?? config.maxRate;
  if (rate === undefined)
    throw new UsageError(
      `--target ${names.join(', ')}: say how many requests a second may be sent, with --max-rate N; never more are`,
    );
  const connections = flags.connections ?? config.connections;
  return {
    definitions,
    maxRate: parseInteger('--max-rate', String(rate), 1, MOST_RATE),
    ...(connections !== undefined && {
      connections: parseInteger('--connections', String(connections), 1, MOST_CONNECTIONS),
    }),
  };
}

function readTarget(text: string, caFile: string | undefined): ExternalTarget {
  try {
    return parseTarget(text, caFile === undefined ? undefined : readAuthority(caFile));
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`--${explain(error)}`);
  }
}

function readAuthority(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new UsageError(`--target-ca ${file}: expected certificates in PEM: ${explain(error)}`);
  }
}

const kindOf = ({ layer, external }: ExternalTarget): TargetKind =>
  layer === 'l4' ? 'tcp' : external.tls ? 'https' : 'http';

/** `chosen`: names of scenarios. What the targets can carry of it, each an open loop below the cap. */
export const scenariosFor = ({ definitions, maxRate, connections }: Targets, chosen: readonly string[]): Scenario[] =>
  cappedScenarios(chosen, new Set(definitions.map(kindOf)), maxRate, connections);
