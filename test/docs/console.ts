/** The console blocks of a page, run as one shell session in a network of its own, so that a page may name the ports it likes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** One line that begins with `$ `, and the output that the page shows below it; empty: the page shows none. */
export interface Command {
  readonly text: string;
  readonly shown: string;
}

/** In order, of all blocks fenced as `console`. */
export const commandsOf = (page: string): Command[] =>
  [...page.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [text = '', ...shown] = part.trimEnd().split('\n');
        return { text, shown: shown.join('\n') };
      }),
  );

export interface Outcome {
  readonly code: number;
  /** Standard output and standard error, trimmed; empty for what runs in the background. */
  readonly printed: string;
}

/** Namespaces of network and processes: what the session started ends with it. */
const ISOLATED = [
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
];

/** Why no such session can be had here; undefined: it can. */
export const missing = (): string | undefined => {
  if (process.platform !== 'linux') return 'needs Linux namespaces';
  const { status, stderr, error } = spawnSync('unshare', [...ISOLATED, 'ip', 'link', 'set', 'lo', 'up']);
  return status === 0 ? undefined : `needs namespaces of its own: ${error?.message ?? stderr.toString().trim()}`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A command in the background is silent, so that what it prints does not mix with the others'. */
const runnable = (text: string): string => (text.endsWith('&') ? `${text.slice(0, -1)} > /dev/null 2>&1 &` : text);

function scriptOf(commands: readonly string[], mark: string): string {
  const lines = commands.flatMap((text) => [`eval ${quoted(runnable(text))}`, `printf '\\n${mark} %d\\n' $?`]);
  return ['ip link set lo up', 'set -m', 'exec 2>&1 < /dev/null', ...lines].join('\n');
}

/** A copy of the checkout as it stands, without what git ignores; gone when disposed. */
export function scratchCheckout(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'hopcost-docs-'));
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard', '--deduplicate'], { cwd: ROOT });
  for (const file of new Set(
    listed
      .toString()
      .split('\0')
      .filter((name) => name !== ''),
  ))
    cpSync(join(ROOT, file), join(path, file), { force: true, errorOnExist: false });
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Milliseconds for a whole page. */
const PATIENCE = 110_000;

/** One outcome a command. Throws where the session did not come to its end. */
export function runSession(commands: readonly string[], folder: string): Outcome[] {
  const mark = '@@hopcost-docs@@';
  const path = `${join(folder, 'node_modules/.bin')}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const { stdout, error } = spawnSync('unshare', [...ISOLATED, 'bash', '-c', scriptOf(commands, mark)], {
    cwd: folder,
    encoding: 'utf8',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH: path, NODE_TEST_CONTEXT: undefined },
  });
  const parts = stdout.split(new RegExp(`^${mark} (\\d+)$`, 'm'));
  const outcomes: Outcome[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2)
    outcomes.push({ printed: parts[i]!.trim(), code: Number(parts[i + 1]) });
  if (outcomes.length < commands.length)
    throw new Error(`'${commands[outcomes.length]}' did not end${error ? ` (${error.message})` : ''}: ${parts.at(-1)}`);
  return outcomes;
}

export const readPage = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
