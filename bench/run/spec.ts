/** What a run is asked for: settings that have been checked, and what is handed in so that none of it needs a terminal or a clock. */
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { ExternalTarget } from '#proxies/peers/external.ts';
import type { LoadJob } from '#bench/model/load.ts';
import type { Objective } from '#bench/model/objective.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import type { Millis } from '#bench/model/units.ts';
import type { SubjectFacts } from '#bench/plan/applies.ts';

export interface Targets {
  readonly definitions: readonly ExternalTarget[];
  /** Requests a second, and connections a second, that none of them is ever sent more of. */
  readonly maxRate: number;
  /** That the load is spread over, where the user said so; else by Little's law. */
  readonly connections?: number;
}

export interface Settings {
  readonly preset: string;
  /** Whether the figures of the run are meant to be believed. */
  readonly isForFigures: boolean;
  readonly proxies: readonly ProxyDefinition[];
  /** Those of `proxies` that run elsewhere, and how much they may be sent. */
  readonly targets?: Targets;
  /** Of `proxies`, those that the user asked for by name, as a target or as their own: a run without a figure of one has failed. */
  readonly named: readonly string[];
  /** Proxies left out because they are not installed, a line each with the command that installs them. */
  readonly skipped: readonly string[];
  /** Proxies that were to stand in a row and cannot, a line each with the reason. */
  readonly unchained: readonly string[];
  /** `direct` and the proxies, as the plan sees them. */
  readonly subjects: readonly SubjectFacts[];
  readonly scenarios: readonly Scenario[];
  /** Times that every subject is started afresh; 0 where only a knee is searched. */
  readonly generations: number;
  /** Turns of each subject in each scenario of a generation. */
  readonly rounds: number;
  /** That the run is to keep to, where four generations are expected to fit into it: those that would not end in time are not begun. */
  readonly time?: Millis;
  /** Of what needs a window to itself. */
  readonly warmup: Millis;
  readonly window: Millis;
  /** Requests that the window of an open loop is to carry: it is longer where the rate is too low for them. */
  readonly samples?: number;
  /** `--find max-rate`: for each subject, in each of these scenarios. */
  readonly search?: { readonly objective: Objective; readonly scenarios: readonly Scenario[] };
  readonly micro: Millis;
  readonly calibrate: 'none' | 'brief' | 'full';
  readonly secondOpinion: boolean;
  readonly seed: number;
  /** Folder that holds the folders of runs. */
  readonly out: string;
  readonly driver: Exclude<LoadJob['driver'], 'tcp'>;
  readonly strict: boolean;
  readonly json: boolean;
}

/** The proxy that a subject of this run is; undefined for direct. */
export const definitionOf = (
  { proxies: chosen }: Pick<Settings, 'proxies'>,
  name: string,
): ProxyDefinition | undefined => chosen.find((definition) => definition.name === name);

/** The names of those that run inside a process of ours. */
export const hostedOf = ({ proxies: chosen }: Pick<Settings, 'proxies'>): ReadonlySet<string> =>
  new Set(chosen.filter(({ isHosted }) => isHosted).map(({ name }) => name));

/** Who watches a run go on. Called between turns and windows, never inside one. */
export interface Observer {
  note(line: string): void;
  /** What is being done: shown until the next line. */
  doing(line: string): void;
  /** One of the planned parts begins: a generation, or a trial with a window to itself. */
  starting(what: string): void;
  finished(trial: TrialRecord): void;
  /** So many parts more than were planned. */
  readonly adding: (parts: number) => void;
  close(): void;
}

/** What only the one who starts a run knows. */
export interface Surroundings {
  readonly hopcost: string;
  readonly revision: string | null;
  /** As the user typed it. */
  readonly command: readonly string[];
  /** Made once the plan is known: parts that will be told of, and milliseconds that all of it takes. */
  readonly observe: (parts: number, estimate: number) => Observer;
}
