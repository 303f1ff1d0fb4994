/**
 * From a rendered configuration to a proxy that is ready: a free port, the peer's own checker, the start, and the proof by a
 * connection and by whose the listening socket is.
 */
import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import { listeningPorts, portOwnership } from '../platform/processes.ts';
import {
  createFolder,
  fillFolder,
  PeerProcess,
  removeFolder,
  sweepFolders,
  type Rendered,
  type Signals,
} from './process.ts';

export interface Launch {
  /** The definition's name, for messages. */
  readonly name: string;
  /** What it is and in which version, for messages: 'NGINX 1.22.1 (/usr/sbin/nginx)'. */
  readonly what: string;
  readonly path: string;
  readonly listen: Endpoint;
  readonly signals: Signals;
  /** Milliseconds that draining may take. */
  readonly drainTimeout: number;
  /** Milliseconds that it may take to become ready; 15,000 by default. */
  readonly readyTimeout?: number;
  /** What to do where it does not start; for messages. */
  readonly advice: string;
  /** Whoever started it watches its processes: its end is no process warning. */
  readonly isWatched?: true;
  /**
   * `spare` is a second free port of this machine, for peers that tell on one whether they are ready; `folder` the private one that
   * the rendered files will stand in; `intent` another one than it was started with.
   */
  render(address: Endpoint, spare: Endpoint, folder: string, intent?: ProxyIntent): Rendered;
}

/** A peer that could not be started, with its last lines. `code` is the system's where there is one. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: string;
  /** What it printed last; empty where it did not run. */
  readonly output: string;
  constructor(code: string, message: string, output = '') {
    super(message);
    this.code = code;
    this.output = output;
  }
}

const ATTEMPTS = 5;
const POLL = 10;
const PATIENCE = { check: 15_000, ready: 15_000, reload: 5_000 } as const;
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

/** What it was run with, as a person would repeat it; of its environment the names alone, and no name of a folder that is gone. */
function describeConfig({ path }: Launch, { files, args, cwd, env = {} }: Rendered, folder: string): string {
  const shown = [
    [
      `$ ${path.split('/').at(-1)} ${args.join(' ').replaceAll(folder, '<private folder>')}`,
      ...(cwd === undefined ? [] : [`# in ${cwd}`]),
      ...(Object.keys(env).length === 0 ? [] : [`# with ${Object.keys(env).join(', ')} in its environment`]),
    ].join('\n'),
    ...Object.entries(files).map(([name, text]) => `# ${name}\n${text.trimEnd()}`),
  ];
  return `${shown.join('\n\n')}\n`;
}

/** Below a message: the configuration file, by its name, and what to do. */
const detailsOf = ({ files }: Rendered, advice: string): string =>
  [...Object.entries(files).map(([name, text]) => `--- ${name}\n${text.trimEnd()}`), `What to do: ${advice}`].join(
    '\n',
  );

/** @throws PeerError where the peer's own checker refuses what we rendered. */
async function check(launch: Launch, rendered: Rendered, folder: string, signal: AbortSignal): Promise<void> {
  if (rendered.check === undefined) return;
  const { name, what, path } = launch;
  const options = { cwd: folder, env: { ...process.env, ...rendered.env }, timeout: PATIENCE.check, signal };
  const refusal = await new Promise<string | undefined>((resolve) => {
    execFile(path, rendered.check!, options, (error, stdout, stderr) =>
      resolve(error ? `${stdout}\n${stderr}`.trim() || error.message : undefined),
    );
  });
  signal.throwIfAborted();
  if (refusal === undefined) return;
  if (PORT_TAKEN.test(refusal)) throw new PeerError('EADDRINUSE', `${name}: ${refusal}`);
  throw new PeerError(
    'CONFIG_REFUSED',
    `${name}: ${what} refuses its configuration ('${path} ${rendered.check.join(' ')}'): ${refusal}\n` +
      detailsOf(
        rendered,
        'use a version that knows these settings, or leave out of the intent what it complains about.',
      ),
  );
}

interface Starting {
  readonly launch: Launch;
  readonly rendered: Rendered;
  readonly peer: PeerProcess;
  readonly address: Endpoint;
}

async function untilReady({ launch, rendered, peer, address }: Starting, signal: AbortSignal): Promise<void> {
  const { name, what, advice, readyTimeout = PATIENCE.ready } = launch;
  const where = `${address.host}:${address.port}`;
  const deadline = performance.now() + readyTimeout;
  for (;;) {
    signal.throwIfAborted();
    if (peer.ended !== undefined) {
      const { left } = peer;
      if (left.length > 0 && peer.ended === 'code 0')
        throw new PeerError(
          'BACKGROUND',
          `${name}: it went to the background: the process that was started has ended and ${left.length} that came of it ${left.length === 1 ? 'goes' : 'go'} on (ended now); ` +
            `run it in the foreground, as NGINX with \`daemon off;\` or HAProxy without -D, so that it can be measured and ended.\n` +
            `It was ${what}.\n${detailsOf(rendered, advice)}`,
          peer.output,
        );
      const lines = await peer.lastLines();
      throw new PeerError(
        PORT_TAKEN.test(lines) ? 'EADDRINUSE' : 'EXITED',
        `${name}: ${what} exited at once (${peer.ended}); expected it to listen on ${where}.\n` +
          `Its last lines:\n${lines}\n${detailsOf(rendered, advice)}`,
        lines,
      );
    }
    const { pids } = peer;
    const isForeign = (): boolean => portOwnership(address.port, pids).state === 'foreign';
    const complete = pids.length >= (process.platform === 'linux' ? rendered.processes : 1);
    const listens = complete && !isForeign() && (await accepts(address));
    const notReady = listens ? await rendered.notReady?.(address, signal) : 'nothing';
    if (notReady === undefined) return;
    if (performance.now() > deadline) {
      const foreign = isForeign() && (await accepts(address));
      throw new PeerError(
        foreign ? 'EADDRINUSE' : 'ETIMEDOUT',
        `${name}: ${what} was not ready on ${where} within ${readyTimeout} ms: ` +
          `${foreign ? 'another process holds the port' : listens ? notReady : silenceOf(rendered, pids)}.\n` +
          `Its last lines:\n${peer.output || '(it said nothing)'}\n${detailsOf(rendered, advice)}`,
        peer.output,
      );
    }
    await sleep(POLL);
  }
}

function silenceOf({ processes }: Rendered, pids: readonly number[]): string {
  if (pids.length < processes) return `${pids.length} of ${processes} processes run`;
  const ports = listeningPorts(pids);
  return `it does not listen there${ports.length > 0 ? `, but on port ${ports.join(', ')}` : ''}`;
}

async function attempt(launch: Launch, signal: AbortSignal): Promise<RunningProxy> {
  const address = await reserve(launch.listen);
  const spare = await reserve({ host: '127.0.0.1', port: 0 });
  const folder = createFolder();
  let rendered: Rendered;
  let peer: PeerProcess;
  try {
    rendered = launch.render(address, spare, folder);
    fillFolder(folder, rendered);
    await check(launch, rendered, folder, signal);
    peer = new PeerProcess(launch.path, rendered, folder, launch.signals.stop);
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  const { stop, drain, reload } = launch.signals;
  try {
    await untilReady({ launch, rendered, peer, address }, signal);
  } catch (error) {
    await peer.stop(stop);
    throw error;
  }
  if (!launch.isWatched) peer.warnAtEnd(`${launch.name}: ${launch.what}`);
  return {
    address,
    pids: peer.pids,
    nativeConfig: describeConfig(launch, rendered, folder),
    output: () => peer.output,
    ...(drain && {
      drain: async () => {
        await peer.signal(drain, 'leader', launch.drainTimeout);
        await peer.stop(stop);
      },
    }),
    ...(reload && {
      reload: async (intent: ProxyIntent) => {
        rendered = await handOver(launch, launch.render(address, spare, folder, intent), rendered, folder);
        if (!(await peer.renew(reload, PATIENCE.reload)))
          throw new PeerError(
            'ETIMEDOUT',
            `${launch.name}: no new worker came within ${PATIENCE.reload} ms of ${reload}`,
          );
      },
    }),
    [Symbol.asyncDispose]: () => peer.stop(stop),
  };
}

/** The files of another configuration take the place of those that it runs with; these stay where its own checker refuses it. */
async function handOver(launch: Launch, next: Rendered, before: Rendered, folder: string): Promise<Rendered> {
  fillFolder(folder, next);
  try {
    await check(launch, next, folder, AbortSignal.timeout(PATIENCE.check));
    return next;
  } catch (error) {
    fillFolder(folder, before);
    throw error;
  }
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
