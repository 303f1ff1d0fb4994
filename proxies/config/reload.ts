/** What a running proxy cannot take over from a new intent, because it was opened at its start. */
import { limitsOf } from './defaults.ts';
import { IntentError, type IntentProblem } from './intent-error.ts';
import type { Endpoint, ProxyIntent } from './intent.ts';

const FIXED = ['admin', 'accessLog', 'concurrency', 'stats'] as const;

/** Throws `IntentError` where `next` asks for another listener than `bound`, or for another of what is fixed. */
export function checkReload(next: ProxyIntent, running: ProxyIntent, bound: Endpoint): void {
  const problems: IntentProblem[] = [];
  // Either as it was asked for (port 0 included) or as it became.
  const { host, port } = next.listener.address;
  const keeps = [running.listener.address, bound].some((kept) => kept.host === host && kept.port === port);
  if (!keeps) problems.push({ path: 'listener.address', message: 'cannot change while the proxy runs; start another' });
  for (const path of FIXED) {
    if (JSON.stringify(next[path]) !== JSON.stringify(running[path]))
      problems.push({ path, message: 'cannot change while the proxy runs; start another' });
  }
  if (limitsOf(next).connections !== limitsOf(running).connections)
    problems.push({ path: 'limits.connections', message: 'cannot change while the proxy runs; start another' });
  if (problems.length > 0) throw new IntentError(problems);
}
