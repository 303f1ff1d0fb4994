import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  version: string;
};

const { version: claimed } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../setup/node/package.json'), 'utf8'),
) as { version: string };

/** What to know of the Node that runs this; nothing where it is the one that claims are measured with. */
export const nodeNote = (running: string = process.version): string =>
  running === `v${claimed}`
    ? ''
    : `note: Node ${running} runs here and is part of what is measured; claims are measured with v${claimed}, which \`hopcost setup-node\` fetches\n`;

/** The commit that is measured, with '-dirty' where the tree differs from it; null where this is no checkout of hopcost. */
export function revision(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    // An installed package may lie within somebody else's repository.
    if (git('rev-parse', '--show-cdup') !== '../') return null;
    return (
      git('rev-parse', '--short=12', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '-dirty')
    );
  } catch {
    return null;
  }
}
