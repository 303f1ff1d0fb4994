/** `bench.config.ts`: the settings that a project keeps; flags win over it. */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { METRIC_NAMES } from '#bench/analysis/figures/metrics.ts';
import { type Budget, BudgetError, type BudgetNames, type BudgetText, parseBudget } from '#bench/gate/budget.ts';
import { cappedScenarios, MOST_CONNECTIONS } from '#bench/plan/capped.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { proxies } from '#proxies/registry.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { nearest } from './nearest.ts';
import { OwnSubject } from './own-subjects.ts';

function suggestion({ unknown }: BudgetError): string {
  if (!unknown) return '';
  const guess = nearest(unknown.name, unknown.known);
  return guess === undefined ? `; known: ${unknown.known.join(', ')}` : `; did you mean '${guess}'?`;
}

const Command = z.array(z.string().min(1)).min(1, 'expected a command and its arguments');

const Gate = z.strictObject({
  /** As `--proxies`, `--scenarios` and `--rounds` of the gate. */
  proxies: z.array(z.string()).optional(),
  scenarios: z.array(z.string()).optional(),
  rounds: z.int().min(1).max(200).optional(),
  /** Run in head's and base's checkout before anything is measured, whatever they are built with. Without it `npm ci` in base’s, where its package-lock.json differs. */
  install: Command.optional(),
  /** Run in the base's checkout before it is measured. Head is measured as it stands. */
  build: Command.optional(),
  /** What must hold in every run, such as 'l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest'; see bench/gate/README.md. */
  budgets: z
    .array(z.custom<BudgetText>((value) => typeof value === 'string', 'expected a budget in quotes'))
    .optional(),
  /** The smallest relative change of a metric that matters, over that of `bench/gate/rules.ts`: 0.03 is 3 %. */
  effects: z.partialRecord(z.enum(METRIC_NAMES), z.number().gt(0).lt(1)).optional(),
});

/** Fewest and most of one proxy in a row: 1, 2 and 3 hops stand for a plain, an ingress and a mesh topology. */
export const HOPS = [2, 3] as const;

/** Requests a second to a target: more than one load worker sends. */
export const MOST_RATE = 20_000;

const Written = z.strictObject({
  preset: z.string().optional(),
  proxies: z.array(z.string()).optional(),
  scenarios: z.array(z.string()).optional(),
  /** Times that every subject is started afresh. */
  generations: z.int().min(1).max(1_000).optional(),
  /** Turns of each subject in each scenario of a generation. */
  rounds: z.int().min(1).max(1_000).optional(),
  /** As `--duration`: '2s', '1500ms'. */
  duration: z.string().optional(),
  seed: z.int().min(0).optional(),
  out: z.string().optional(),
  /** As `--hops`: 2 or 3 of the same proxy in a row, as further subjects. */
  hops: z.int().min(HOPS[0]).max(HOPS[1]).optional(),
  driver: z.enum(['http1', 'autocannon']).optional(),
  secondOpinion: z.boolean().optional(),
  strict: z.boolean().optional(),
  gate: Gate.optional(),
  /** Proxies of your own: measured in every run, unless `--proxies` names others. */
  subjects: z
    .array(OwnSubject)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two of them have the same name')
    .optional(),
  /** As `--target`: what runs elsewhere. `ca`: file with its private authority, instead of `--target-ca`. */
  targets: z.array(z.union([z.string(), z.strictObject({ target: z.string(), ca: z.string().optional() })])).optional(),
  /** As `--max-rate`: requests a second that no target is ever sent more of. */
  maxRate: z.int().min(1).max(MOST_RATE).optional(),
  /** As `--connections`: that a target's load is spread over. */
  connections: z.int().min(1).max(MOST_CONNECTIONS).optional(),
});
type Written = z.infer<typeof Written>;
type GateConfig = Omit<NonNullable<Written['gate']>, 'budgets'> & { readonly budgets?: readonly Budget[] };

export type BenchConfig = Omit<Written, 'gate'> & {
  readonly gate?: GateConfig;
  /** Where it stands; relative folders of `subjects` start there. */
  readonly directory?: string;
};

/** Budgets are read at load time: a name that does not exist is found before anything is measured. */
const Config = Written.transform((config, context): BenchConfig => {
  const { gate, ...rest } = config;
  if (!gate) return rest;
  const { budgets, ...others } = gate;
  if (!budgets) return { ...rest, gate: others };
  const names = namesFor(config);
  const read = budgets.flatMap((text, index): Budget[] => {
    try {
      return [parseBudget(text, names)];
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      const message = `${error.message}${suggestion(error)}`;
      context.addIssue({ code: 'custom', message, path: ['gate', 'budgets', index] });
      return [];
    }
  });
  return { ...rest, gate: { ...others, budgets: read } };
});

/** Ours, the user's own and targets of the configuration; scenarios also as they are driven at a target. */
function namesFor({ subjects = [], targets = [] }: Written): BudgetNames {
  const scenarios = SCENARIOS.map(({ name }) => name);
  const kinds = new Set(['tcp', 'http', 'https'] as const);
  const elsewhere = targets.map((one) => (typeof one === 'string' ? one : one.target).split('=')[0]!);
  return {
    subjects: ['direct', ...proxies.keys(), ...subjects.map(({ name }) => name), ...elsewhere],
    scenarios: [...new Set([...scenarios, ...cappedScenarios(scenarios, kinds, 1).map(({ name }) => name)])],
  };
}

/** What of it holds in a gate too, which says for itself what is measured and how. */
export const forGate = ({ out, seed, subjects, directory }: BenchConfig): BenchConfig => ({
  ...(out !== undefined && { out }),
  ...(seed !== undefined && { seed }),
  ...(subjects !== undefined && { subjects }),
  ...(directory !== undefined && { directory }),
});

/** For `bench.config.ts`: `export default defineConfig({ … })` checks names and types in the editor. @public */
export const defineConfig = (config: z.input<typeof Written>): z.input<typeof Written> => config;

/** In a configuration `hopcost` is the one that reads it, whether or not the project has one installed: so it is with npx and in an action. */
const ownName = (): ReturnType<typeof registerHooks> =>
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'hopcost'
        ? { url: import.meta.resolve('#index.ts'), shortCircuit: true }
        : next(specifier, context),
  });

const NAMES = ['bench.config.ts', 'bench.config.js', 'bench.config.mjs'];

/** The config of `directory`, empty where there is none. Throws `UsageError` naming the file and the field. */
export async function loadConfig(directory: string): Promise<BenchConfig> {
  const file = NAMES.map((name) => join(directory, name)).find((path) => existsSync(path));
  if (file === undefined) return {};
  let loaded: { default?: unknown };
  const hooks = ownName();
  try {
    loaded = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
  } catch (error) {
    throw new UsageError(`${file}: cannot be loaded: ${explain(error)}`);
  } finally {
    hooks.deregister();
  }
  const result = Config.safeParse(loaded.default);
  if (result.success) return { ...result.data, directory };
  const issue = result.error.issues[0];
  throw new UsageError(
    `${file}: ${issue?.path.join('.') || 'default export'}: ${issue?.message ?? 'not a configuration'}`,
  );
}
