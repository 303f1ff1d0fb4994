/**
 * The life of a peer's binary: a private folder, its own checker first, an ordinary foreground process in a process group of its
 * own, readiness proved by a connection and by whose the listening socket is, and an end that leaves neither process nor folder.
 *
 * | this process … | what ends the peer |
 * | --- | --- |
 * | disposes of it, or drains it | a signal to the group, then SIGKILL after a bounded wait |
 * | exits by whatever path of its own | SIGKILL to the group, from the 'exit' event |
 * | is killed | the kernel: the peer asked for a signal at its parent's death (prctl(2), by setpriv(1)) |
 *
 * A folder that a killed process had to leave is removed by the next start.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import type { Binary } from './binary.ts';
import { ownsPort, processGroup } from './procfs.ts';

/** How one rendered peer is run. File names are relative to the private folder, which is its working directory. */
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
  /** Processes that run once it is ready, masters and workers. */
  readonly processes: number;
  /** Where accepting connections is not yet being ready. */
  isReady?(signal: AbortSignal): Promise<boolean>;
}

/** The signals that a kind of peer understands. */
export interface Signals {
  /** Ends it and its workers at once. */
  readonly stop: NodeJS.Signals;
  /** Finishes what is in flight, then ends it. */
  readonly drain?: NodeJS.Signals;
}

export interface Launch {
  /** The definition's name, for messages. */
  readonly name: string;
  readonly title: string;
  readonly binary: Binary;
  readonly listen: Endpoint;
  readonly signals: Signals;
  /** Milliseconds that draining may take. */
  readonly drainTimeout: number;
  /** `spare` is a second free port of this machine, for peers that tell on one whether they are ready. */
  render(address: Endpoint, spare: Endpoint): Rendered;
}

/** A peer that could not be started, with its last lines. `code` is the system's where there is one. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const KEPT_LINES = 30;
const ATTEMPTS = 5;
const POLL = 10;
const PATIENCE = { check: 15_000, ready: 15_000, stop: 1_000, kill: 1_000 } as const;
const PORT_TAKEN = /address already in use|EADDRINUSE|cannot bind socket|could not bind/i;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Folders are named by the process that owns them, so that a later one can tell which are left over. */
const PREFIX = 'hopcost-peer-';

function sweepFolders(): void {
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

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's, or being swept by another process right now.
  }
}

/** A free port of that address, or the asked one. Rejects with EADDRINUSE where it is taken. */
async function reserve({ host, port }: Endpoint): Promise<Endpoint> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ host, port, exclusive: true }, resolve);
  await promise;
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error(`no TCP address for ${host}:${port}`);
  return { host, port: address.port };
}

function accepts({ host, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

const running = new Set<PeerProcess>();
process.on('exit', () => {
  for (const peer of running) peer.kill();
});

class PeerProcess {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #log: string | undefined;
  /** How it ended, once it has: 'code 1', 'SIGSEGV'. */
  ended: string | undefined;
  readonly #closed: Promise<unknown>;
  #expected = false;

  constructor(launch: Launch, rendered: Rendered, folder: string) {
    this.folder = folder;
    this.#log = rendered.log === undefined ? undefined : join(folder, rendered.log);
    const { path } = launch.binary;
    const command = [path, ...rendered.args];
    const [file, ...args] = SETPRIV
      ? [SETPRIV, '--pdeathsig', launch.signals.stop.replace(/^SIG/, ''), '--', ...command]
      : command;
    this.#child = spawn(file!, args, {
      cwd: folder,
      env: { ...process.env, ...rendered.env },
      detached: true, // a process group of its own: master and workers are found, and ended, by it
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('exit', (code, signal) => this.#end(signal ?? `code ${code}`));
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get pids(): readonly number[] {
    const { pid } = this.#child;
    if (pid === undefined || this.ended !== undefined) return [];
    return processGroup(pid) ?? [pid];
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
  watch(describe: string): void {
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
    if (this.#runs()) this.#send('SIGKILL', 'group');
    removeFolder(this.folder);
  }

  #logged(): string[] {
    if (this.#log === undefined) return [];
    try {
      return linesOf(readFileSync(this.#log, 'utf8'));
    } catch {
      return []; // it ended before it wrote one
    }
  }

  #runs(): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    return this.ended === undefined || (processGroup(pid)?.length ?? 0) > 0;
  }

  #send(signal: NodeJS.Signals, to: 'leader' | 'group'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(to === 'group' ? -pid : pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #end(how: string): void {
    this.ended ??= how;
  }

  #keep(text: string): void {
    this.#lines.push(...linesOf(text));
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
  }
}

function writeFolder({ files, secrets = {} }: Rendered): string {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`)); // mode 0700
  for (const [name, text] of Object.entries({ ...files, ...secrets })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  return folder;
}

/** What it was run with, as a person would repeat it. */
function describeConfig({ binary }: Launch, { files, args }: Rendered): string {
  const shown = Object.entries(files).map(([name, text]) => `# ${name}\n${text.trimEnd()}`);
  return `$ ${binary.path.split('/').at(-1)} ${args.join(' ')}\n\n${shown.join('\n\n')}\n`;
}

const configOf = ({ files }: Rendered): string =>
  Object.entries(files)
    .map(([name, text]) => `--- ${name}\n${text.trimEnd()}`)
    .join('\n');

/** @throws PeerError where the peer's own checker refuses what we rendered. */
async function check(launch: Launch, rendered: Rendered, folder: string, signal: AbortSignal): Promise<void> {
  if (rendered.check === undefined) return;
  const { name, title, binary } = launch;
  const options = { cwd: folder, env: { ...process.env, ...rendered.env }, timeout: PATIENCE.check, signal };
  const refusal = await new Promise<string | undefined>((resolve) => {
    execFile(binary.path, rendered.check!, options, (error, stdout, stderr) =>
      resolve(error ? `${stdout}\n${stderr}`.trim() || error.message : undefined),
    );
  });
  signal.throwIfAborted();
  if (refusal === undefined) return;
  if (PORT_TAKEN.test(refusal)) throw new PeerError('EADDRINUSE', `${name}: ${refusal}`);
  throw new PeerError(
    'CONFIG_REFUSED',
    `${name}: ${title} ${binary.version} (${binary.path}) refuses its configuration ` +
      `('${binary.path} ${rendered.check.join(' ')}'): ${refusal}\n${configOf(rendered)}\n` +
      `What to do: use a version that knows these settings, or leave out of the intent what it complains about.`,
  );
}

async function untilReady(
  launch: Launch,
  rendered: Rendered,
  peer: PeerProcess,
  address: Endpoint,
  signal: AbortSignal,
): Promise<void> {
  const who = `${launch.name}: ${launch.title} ${launch.binary.version} (${launch.binary.path})`;
  const where = `${address.host}:${address.port}`;
  const deadline = performance.now() + PATIENCE.ready;
  for (;;) {
    signal.throwIfAborted();
    if (peer.ended !== undefined) {
      const lines = await peer.lastLines();
      throw new PeerError(
        PORT_TAKEN.test(lines) ? 'EADDRINUSE' : 'EXITED',
        `${who} exited at once (${peer.ended}); expected it to listen on ${where}. Its last lines:\n${lines}\n${configOf(rendered)}`,
      );
    }
    const { pids } = peer;
    const complete = pids.length >= (process.platform === 'linux' ? rendered.processes : 1);
    if (complete && ownsPort(pids, address.port) !== false && (await accepts(address)))
      if ((await rendered.isReady?.(signal)) ?? true) return;
    if (performance.now() > deadline) {
      const foreign = ownsPort(pids, address.port) === false && (await accepts(address));
      throw new PeerError(
        foreign ? 'EADDRINUSE' : 'ETIMEDOUT',
        `${who} was not ready on ${where} within ${PATIENCE.ready} ms: ` +
          `${foreign ? 'another process holds the port' : `${pids.length} of ${rendered.processes} processes run`}. ` +
          `Its last lines:\n${peer.output || '(it said nothing)'}\n${configOf(rendered)}`,
      );
    }
    await sleep(POLL);
  }
}

async function attempt(launch: Launch, signal: AbortSignal): Promise<RunningProxy> {
  const address = await reserve(launch.listen);
  const rendered = launch.render(address, await reserve({ host: '127.0.0.1', port: 0 }));
  const folder = writeFolder(rendered);
  let peer: PeerProcess;
  try {
    await check(launch, rendered, folder, signal);
    peer = new PeerProcess(launch, rendered, folder);
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  const { stop, drain } = launch.signals;
  try {
    await untilReady(launch, rendered, peer, address, signal);
  } catch (error) {
    await peer.stop(stop);
    throw error;
  }
  peer.watch(`${launch.name}: ${launch.title} ${launch.binary.version}`);
  return {
    address,
    pids: peer.pids,
    nativeConfig: describeConfig(launch, rendered),
    ...(drain && {
      drain: async () => {
        await peer.signal(drain, 'leader', launch.drainTimeout);
        await peer.stop(stop);
      },
    }),
    [Symbol.asyncDispose]: () => peer.stop(stop),
  };
}

/**
 * Renders, checks, starts. A peer cannot report a port that it chose by itself, so a free one is taken for it right before, and
 * another one where somebody was quicker.
 */
export async function launchPeer(launch: Launch, signal: AbortSignal): Promise<RunningProxy> {
  sweepFolders();
  for (let left = ATTEMPTS - 1; ; left--) {
    signal.throwIfAborted();
    try {
      return await attempt(launch, signal);
    } catch (error) {
      const clash = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!clash || launch.listen.port !== 0 || left === 0) throw error;
    }
  }
}
