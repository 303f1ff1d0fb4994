/**
 * From a rendered configuration to a proxy that is ready: a free port, the peer's own checker, the start, and the proof by a
 * connection and by whose the listening socket is.
 */
import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import type { Binary } from './binary.ts';
import { PeerProcess, removeFolder, sweepFolders, writeFolder, type Rendered, type Signals } from './process.ts';
import { ownsPort } from './procfs.ts';

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

const ATTEMPTS = 5;
const POLL = 10;
const PATIENCE = { check: 15_000, ready: 15_000 } as const;
const PORT_TAKEN = /address already in use|EADDRINUSE|cannot bind socket|could not bind/i;

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
    peer = new PeerProcess(launch.binary.path, rendered, folder, launch.signals.stop);
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
