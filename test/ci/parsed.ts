/** The actions and the workflows, parsed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const root = join(import.meta.dirname, '../..');

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string | boolean | number>>;
  readonly 'working-directory'?: string;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Described {
  readonly description: string;
  readonly default?: string;
  readonly value?: string;
}

export interface Action {
  readonly inputs: Readonly<Record<string, Described>>;
  readonly outputs: Readonly<Record<string, Described>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const actionAt = (file: string) => {
  const text = readFileSync(join(root, file), 'utf8');
  return { text, content: parse(text) as Action };
};
export const { text: actionText, content: action } = actionAt('action.yml');
export const { text: commentText, content: commentAction } = actionAt('comment/action.yml');

interface GitlabJob {
  readonly script: readonly string[];
  readonly after_script: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly artifacts: { readonly reports: { readonly junit: string } };
}

const templateText = readFileSync(join(root, 'templates/gate.yml'), 'utf8');
const [header, content] = templateText.split('\n---\n') as [string, string];
export const gitlabTemplate = {
  text: templateText,
  ...(parse(header) as { readonly spec: { readonly inputs: Readonly<Record<string, { readonly default: unknown }>> } }),
  job: (parse(content) as Readonly<Record<string, GitlabJob>>)['hopcost-gate']!,
};

const folder = join(root, '.github/workflows');
export const workflows = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  return { file, text, content: parse(text) as Workflow };
});

export const jobsOf = ({ content }: (typeof workflows)[number]): readonly Job[] => Object.values(content.jobs);
