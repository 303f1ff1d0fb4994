/** The command line that repeats a run: what was typed, with the seed that was drawn. */
import type { RunRecord } from '#bench/model/record.ts';

/** A word as a POSIX shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

export function repeatCommand({ command, seed }: RunRecord): string {
  const isSeeded = command.some((word) => word === '--seed' || word.startsWith('--seed='));
  const [program = 'hopcost', ...words] = command;
  return ['npx', program, ...words, ...(isSeeded ? [] : ['--seed', String(seed)])].map(quoted).join(' ');
}
