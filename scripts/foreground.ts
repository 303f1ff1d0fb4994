/** Runs one server in the foreground: a ready line on stdout, then until a signal; the first one drains, the second one ends. */
import type { Endpoint } from '#proxies/config/intent.ts';
import { EXIT, UsageError, explain } from './exit.ts';
import { onInterrupt } from './interrupt.ts';

interface Running extends AsyncDisposable {
  readonly address: Endpoint;
  readonly admin?: Endpoint;
  readonly pids?: readonly number[];
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

export async function serveInForeground(
  name: string,
  listen: Endpoint,
  start: (signal: AbortSignal) => Promise<Running>,
): Promise<void> {
  using interruption = onInterrupt();
  const { signal } = interruption;
  let running: Running;
  try {
    running = await start(signal);
  } catch (error) {
    const why = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (why !== undefined) throw new UsageError(`${name} cannot listen on ${text(listen)}: ${why}`);
    throw error;
  }
  await using server = running;
  process.stdout.write(
    `${JSON.stringify({ ready: true, address: text(server.address), ...(server.admin && { admin: text(server.admin) }), pid: process.pid, pids: server.pids ?? [process.pid] })}\n`,
  );
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  try {
    await server.drain?.();
  } catch (error) {
    process.stderr.write(`hopcost: ${name}: ${explain(error)}\n`);
    process.exitCode = EXIT.failure;
  }
}
