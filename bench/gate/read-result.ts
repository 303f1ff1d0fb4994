/**
 * Text of `gate.json` → a result, for whoever did not write it: a pull request from a fork runs foreign code, and what that leaves behind
 * is checked in every field before anything is made of it. Pure. What can be derived is derived anew, so that a verdict says no other than its
 * metrics; the figures themselves are as trustworthy as who measured them.
 */
import { z } from 'zod';
import { METRIC_NAMES, metric } from '#bench/analysis/figures/metrics.ts';
import { Environment } from '#bench/model/record.ts';
import { verdictOf } from './judge.ts';
import type { GateMetric, GateResult, GateState } from './result.ts';

/** Not a result of a gate: where, and what was expected. */
export class ResultError extends Error {
  override readonly name = 'ResultError';
}

/** Version of the shape. */
export const RESULT_VERSION = 1;

/** Of the file, in characters: 2,000 metrics of 48 rounds have fewer. */
export const LONGEST_RESULT = 16 * 2 ** 20;
const LONGEST = { sentence: 4_000, name: 500, list: 4_000 };

const Name = z.string().max(LONGEST.name);
const Sentence = z.string().max(LONGEST.sentence);
const listOf = <T extends z.ZodType>(of: T) => z.array(of).max(LONGEST.list).readonly();
/** JSON has no infinity, which an interval may have: it stands as null there. */
const Figure = z.union([z.number(), z.null().transform(() => NaN)]);

/** Worst first, as `GateState` says. */
const STATES = ['regressed', 'invalid', 'inconclusive', 'improved', 'same'] as const satisfies readonly GateState[];
const UNITS = ['µs', 'ns', '/s', 'B', 'B/connection', 'instructions', 'per request', 'share', 'ratio'] as const;

const Estimate = z.object({ value: Figure, low: Figure, high: Figure, coverage: z.number(), n: z.int() });
const Revision = z.object({
  label: Name,
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
    .nullable(),
  dirty: z.boolean(),
});
const Mode = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('revisions') }),
  z.object({ kind: z.literal('baseline'), file: Name, yardsticks: listOf(Name) }),
  z.object({ kind: z.literal('budgets'), reason: Sentence }),
]);
const Metric = z.object({
  scenario: Name,
  subject: Name,
  metric: z.enum(METRIC_NAMES),
  better: z.enum(['lower', 'higher']),
  primary: z.boolean(),
  state: z.enum(STATES),
  base: Estimate.exactOptional(),
  head: Estimate.exactOptional(),
  ratio: Estimate.exactOptional(),
  p: z.number().exactOptional(),
  adjustedP: z.number().exactOptional(),
  effect: z.object({ asked: z.number(), used: z.number(), absolute: z.number().exactOptional() }),
  reason: Sentence,
});
const Budget = z.object({
  text: Name,
  state: z.enum(['kept', 'exceeded', 'unknown']),
  measured: Estimate.exactOptional(),
  limit: z.number().exactOptional(),
  unit: z.enum(UNITS).exactOptional(),
  reason: Sentence,
});
const Result = z.object({
  gate: z.literal(RESULT_VERSION),
  run: Name,
  directory: Name,
  startedAt: z.iso.datetime(),
  seconds: z.number(),
  hopcost: z.string().regex(/^\d+\.\d+\.\d+[\w.+-]{0,40}$/),
  command: listOf(Name),
  mode: Mode,
  base: Revision,
  head: Revision,
  environment: Environment,
  scenarios: listOf(Name),
  rounds: z.object({
    planned: z.int(),
    measured: z.int(),
    repeated: z.int(),
    looks: z.union([z.literal(1), z.literal(2)]),
  }),
  alpha: z.object({ gate: z.number(), look: z.number() }),
  state: z.enum(STATES),
  metrics: listOf(Metric),
  budgets: listOf(Budget),
  newErrors: listOf(Sentence),
  notes: listOf(Sentence),
});

/** Throws `ResultError`. */
export function readResult(text: string): GateResult {
  if (text.length > LONGEST_RESULT)
    throw new ResultError(`expected at most ${LONGEST_RESULT} characters, got ${text.length}`);
  const parsed = Result.safeParse(jsonOf(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ResultError(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not what a gate writes'}`);
  }
  const { gate: _, ...said } = parsed.data;
  const metrics = said.metrics.map((one): GateMetric => ({ ...one, ...described(one.metric) }));
  const worst = STATES.find((state) => metrics.some((one) => one.primary && one.state === state));
  if (worst !== undefined && STATES.indexOf(said.state) > STATES.indexOf(worst))
    throw new ResultError(`state: '${said.state}' while a deciding metric is ${worst}`);
  const { state, newErrors, budgets, mode } = said;
  const isShown = metrics.some((one) => one.primary && one.state === state);
  if (mode.kind !== 'budgets' && state !== 'invalid' && !isShown)
    throw new ResultError(`state: '${state}' while no deciding metric is`);
  return { ...said, metrics, verdict: verdictOf({ state, metrics, newErrors, budgets, mode }) };
}

const described = (name: GateMetric['metric']): Pick<GateMetric, 'title' | 'unit'> => {
  const { title, unit } = metric(name);
  return { title, unit };
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ResultError('expected JSON');
  }
}
