/**
 * Runs one server in the foreground: a ready line on stdout, then until a signal; the first one drains, the second one ends. Where it
 * can be configured anew, SIGHUP or a changed file does that: a line on stdout, or why not on stderr, and what ran goes on.
 */
import type { Endpoint } from '#proxies/config/intent.ts';
import { inTurn } from '#proxies/platform/in-turn.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { EXIT } from './exit.ts';
import { onInterrupt } from './interrupt.ts';

interface Running extends AsyncDisposable {
  readonly address: Endpoint;
  /** All of them, where there are several. */
  readonly addresses?: readonly Endpoint[];
  readonly admin?: Endpoint;
  readonly pids?: readonly number[];
  /** Resolves when it serves nobody any more. */
  readonly failure?: Promise<Error>;
  drain?(): Promise<void>;
}

const text = ({ host, port }: Endpoint): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** What a listener's system error means for the user. */
const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; choose another, or 0 for any free one',
  EACCES: 'this port needs privileges; choose one above 1023',
  EADDRNOTAVAIL: 'this host has no such address',
  ENOTFOUND: 'the host name is not known',
};

/** The ways by which what runs is configured anew. */
export interface Renewal<R> {
  /** What SIGHUP does; absent: it ends what runs. */
  readonly onHangup?: (running: R) => Promise<void>;
  /** Opens all other ways; `told` does one reload and tells what became of it. */
  readonly open?: (running: R, told: (reload: () => Promise<void>) => Promise<void>) => Promise<AsyncDisposable>;
}

export async function serveInForeground<R extends Running>(
  name: string,
  listen: readonly Endpoint[],
  start: (signal: AbortSignal) => Promise<R>,
  { onHangup, open }: Renewal<R> = {},
): Promise<void> {
  using interruption = onInterrupt(onHangup ? ['SIGINT', 'SIGTERM'] : undefined);
  const { signal } = interruption;
  let running: R;
  try {
    running = await start(signal);
  } catch (error) {
    const why = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (why !== undefined) throw new UsageError(`${name} cannot listen on ${listen.map(text).join(', ')}: ${why}`);
    throw error;
  }
  await using server = running;
  // Before anybody is told that it is ready: who has read that may send SIGHUP, which would end a process that does not expect it.
  await using ways = new AsyncDisposableStack();
  if (onHangup) ways.use(hangups(() => told(() => onHangup(server))));
  if (open) ways.use(await open(server, told));
  process.stdout.write(
    `${JSON.stringify({ ready: true, address: text(server.address), ...(server.addresses && { addresses: server.addresses.map(text) }), ...(server.admin && { admin: text(server.admin) }), pid: process.pid, pids: server.pids ?? [process.pid] })}\n`,
  );
  const asked = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const failed = await Promise.race([asked, ...(server.failure ? [server.failure] : [])]);
  if (failed) {
    process.stderr.write(`hopcost: ${name}: ${failed.message}\n`);
    process.exitCode = EXIT.failure;
    return;
  }
  try {
    await server.drain?.();
  } catch (error) {
    process.stderr.write(`hopcost: ${name}: ${explain(error)}\n`);
    process.exitCode = EXIT.failure;
  }
}

async function told(reload: () => Promise<void>): Promise<void> {
  try {
    await reload();
    process.stdout.write(`${JSON.stringify({ reloaded: true })}\n`);
  } catch (error) {
    process.stderr.write(`hopcost: not reloaded, the old configuration stays: ${explain(error)}\n`);
  }
}

/** One after the other, in the order of the signals. */
function hangups(again: () => Promise<void>): AsyncDisposable {
  const queue = inTurn();
  const listener = (): void => void queue(again);
  process.on('SIGHUP', listener);
  return {
    async [Symbol.asyncDispose]() {
      process.off('SIGHUP', listener);
      await queue(() => Promise.resolve());
    },
  };
}
