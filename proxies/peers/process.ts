/**
 * A peer's binary, or a user's own command, as an ordinary foreground process: in a process group and a private folder of its own, of
 * which nothing is left. What leaves the group, or goes to the background, is known by a mark that it inherits (`freshMark`).
 *
 * | this process … | what ends the peer |
 * | --- | --- |
 * | disposes of it, or drains it | a signal to the group, then SIGKILL after a bounded wait |
 * | exits by whatever path of its own | SIGKILL to the group, from the 'exit' event |
 * | is killed | the kernel: the peer asked for a signal at its parent's death (prctl(2), by setpriv(1)) |
 * | is killed, and the peer may be a wrapper that passes no signal on (`guarded`) | a shell that waits for our end, by SIGKILL to the group |
 *
 * A folder that a killed process had to leave is removed by the next start.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from '../config/intent.ts';
import { makeTemporaryFolder } from '../platform/temporary.ts';
import { visible } from '../platform/visible.ts';
import { familyOf, freshMark, type Member } from './family.ts';

/** How one rendered peer is run. File names are relative to the private folder, which is its working directory by default. */
export interface Rendered {
  /** Configuration, by name, the main one first; shown in the report. */
  readonly files: Readonly<Record<string, string>>;
  /** Certificates and keys, by name; not shown. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Arguments that make the same binary check the configuration and exit; absent where it cannot. */
  readonly check?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it logs to a file, because it cannot write to a pipe. */
  readonly log?: string;
  /** Working directory, where not the private folder. */
  readonly cwd?: string;
  /** Cores to run on; null or absent: those of this process. */
  readonly cores?: readonly number[] | null;
  readonly guarded?: boolean;
  /** Processes that run once it is ready, masters and workers. */
  readonly processes: number;
  /** Where accepting connections is not yet being ready: what is still missing, undefined once it is. */
  notReady?(address: Endpoint, signal: AbortSignal): Promise<string | undefined>;
}

/** The signals that a kind of peer understands. */
export interface Signals {
  /** Ends it and its workers at once. */
  readonly stop: NodeJS.Signals;
  /** Finishes what is in flight, then ends it. */
  readonly drain?: NodeJS.Signals;
  /** Has it read its configuration again: new workers take over, and old ones finish what is in flight. Absent where it cannot. */
  readonly reload?: NodeJS.Signals;
}

const KEPT_LINES = 30;
const POLL = 10;
const PATIENCE = { stop: 1_000, kill: 1_000 } as const;
/** Times that a process which cannot wait looks for what forked while it was ended. */
const LAST_LOOKS = 5;
const programOf = (name: string): string | undefined =>
  [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path));
const [SETPRIV, PRLIMIT] = [programOf('setpriv'), programOf('prlimit')];

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Folders are named by the process that owns them, so that a later one can tell which are left over. */
const PREFIX = 'hopcost-peer-';

export function sweepFolders(): void {
  if (!existsSync(tmpdir())) return; // told where one is needed
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined) continue;
    try {
      process.kill(Number(owner), 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') removeFolder(join(tmpdir(), name));
    }
  }
}

export function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's, or being swept by another process right now.
  }
}

export const createFolder = (): string => makeTemporaryFolder(`${PREFIX}${process.pid}-`);

export function fillFolder(folder: string, { files, secrets = {} }: Rendered): void {
  for (const [name, text] of Object.entries({ ...files, ...secrets })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
}

/** Says KILL to a process group, and to all that bear its mark, once its input ends: when this process is gone, however it went. */
function guard(group: number, mark: number | undefined): ChildProcess {
  const marked = `grep -lE "^Max file locks +${mark} " /proc/[0-9]*/limits 2>/dev/null | tr -dc '0-9\\n'`;
  const script = [
    'read -r _',
    'kill -s KILL -- "-$0"',
    ...(mark === undefined ? [] : Array.from({ length: LAST_LOOKS }, () => `kill -s KILL $(${marked})`)),
  ].join('; ');
  const shell = spawn('/bin/sh', ['-c', script, String(group)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => {}); // no shell here: SIGKILL to this process then leaves what the kernel does not end
  shell.stdin?.on('error', () => {});
  shell.unref();
  return shell;
}

const running = new Set<PeerProcess>();
process.on('exit', () => {
  for (const peer of running) peer.kill();
});

export class PeerProcess {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #log: string | undefined;
  #guard: ChildProcess | undefined;
  /** Undefined where nothing here can set it. */
  readonly #mark: number | undefined;
  /** How it ended, once it has: 'code 1', 'SIGSEGV'. */
  ended: string | undefined;
  readonly #closed: Promise<unknown>;
  #expected = false;

  /** `deathSignal` is what the kernel sends it when this process dies. */
  constructor(path: string, rendered: Rendered, folder: string, deathSignal: NodeJS.Signals) {
    this.folder = folder;
    this.#log = rendered.log === undefined ? undefined : join(folder, rendered.log);
    this.#mark = PRLIMIT && process.platform === 'linux' ? freshMark() : undefined;
    // Each wrapper becomes the next by exec: it is one process all along.
    const [file, ...args] = [
      ...(rendered.cores ? ['taskset', '-c', rendered.cores.join(',')] : []),
      ...(SETPRIV ? [SETPRIV, '--pdeathsig', deathSignal.replace(/^SIG/, ''), '--'] : []),
      ...(PRLIMIT && this.#mark !== undefined ? [PRLIMIT, `--locks=${this.#mark}:${this.#mark}`] : []),
      path,
      ...rendered.args,
    ];
    this.#child = spawn(file!, args, {
      cwd: rendered.cwd ?? folder,
      env: { ...process.env, ...rendered.env },
      detached: true, // a process group of its own: master and workers are found, and ended, by it
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    if (rendered.guarded === true && this.#child.pid !== undefined) this.#guard = guard(this.#child.pid, this.#mark);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('exit', (code, signal) => this.#end(signal ?? `code ${code}`));
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get pids(): readonly number[] {
    const { pid } = this.#child;
    if (pid === undefined || this.ended !== undefined) return [];
    return this.#family()?.map((member) => member.pid) ?? [pid];
  }

  /** What goes on although the process that was started has ended. */
  get left(): readonly number[] {
    return this.ended === undefined ? [] : (this.#family() ?? []).map((member) => member.pid);
  }

  #family(): readonly Member[] | undefined {
    return familyOf(this.#child.pid ?? 0, this.#mark);
  }

  get output(): string {
    return [...this.#lines, ...this.#logged()].slice(-KEPT_LINES).join('\n');
  }

  /** Its output may come a moment after its end; a worker that lives on may hold the pipe open. */
  async lastLines(): Promise<string> {
    await Promise.race([this.#closed, sleep(200, undefined, { ref: false })]);
    return this.output || '(it said nothing)';
  }

  /** What it does from here on is told by a process warning, for whoever runs this host. */
  warnAtEnd(describe: string): void {
    this.#child.once('exit', () => {
      if (this.#expected) return;
      void this.lastLines().then((lines) =>
        process.emitWarning(`${describe} ended by itself (${this.ended}); its last lines:\n${lines}`, 'PeerExited'),
      );
    });
  }

  /** True once nothing of the group runs any more. */
  async signal(signal: NodeJS.Signals, to: 'leader' | 'group', patience: number): Promise<boolean> {
    this.#expected = true;
    this.#send(signal, to);
    const deadline = performance.now() + patience;
    while (this.#runs()) {
      if (performance.now() > deadline) return false;
      await sleep(POLL);
      if (signal === 'SIGKILL') this.#send(signal, to); // one may have forked another
    }
    return true;
  }

  /** True once a process of its family is there that was not when the signal was sent. */
  async renew(signal: NodeJS.Signals, patience: number): Promise<boolean> {
    const before = new Set(this.pids);
    this.#send(signal, 'leader');
    const deadline = performance.now() + patience;
    while (this.pids.every((pid) => before.has(pid))) {
      if (performance.now() > deadline) return false;
      await sleep(POLL);
    }
    return true;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (!running.has(this)) return;
    // Workers of a crashed master hear nothing from a signal to it.
    const gone = await this.signal(signal, this.ended === undefined ? 'leader' : 'group', PATIENCE.stop);
    if (!gone) await this.signal('SIGKILL', 'group', PATIENCE.kill);
    this.kill();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** At once and without waiting, for exit paths that cannot wait. */
  kill(): void {
    this.#expected = true;
    running.delete(this);
    for (let look = 0; look < LAST_LOOKS && this.#runs(); look++) this.#send('SIGKILL', 'group');
    this.#guard?.kill('SIGKILL');
    removeFolder(this.folder);
  }

  #logged(): string[] {
    if (this.#log === undefined) return [];
    try {
      return linesOf(visible(readFileSync(this.#log, 'utf8')));
    } catch {
      return []; // it ended before it wrote one
    }
  }

  #runs(): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    return (this.#family()?.length ?? 0) > 0 || this.ended === undefined;
  }

  #send(signal: NodeJS.Signals, to: 'leader' | 'group'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    const outside = to === 'group' ? (this.#family() ?? []).filter(({ inGroup }) => !inGroup) : [];
    for (const receiver of [to === 'group' ? -pid : pid, ...outside.map((member) => member.pid)])
      try {
        process.kill(receiver, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
  }

  #end(how: string): void {
    this.ended ??= how;
  }

  #keep(text: string): void {
    this.#lines.push(...linesOf(visible(text)));
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
  }
}
