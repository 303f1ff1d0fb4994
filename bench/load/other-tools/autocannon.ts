/** As its own command line in a process of its own, with its own figures: not our driver of that name, which records by ours. */
import { fileURLToPath } from 'node:url';
import { type OutsideTool, urlOf } from './tool.ts';

const cli = [process.execPath, fileURLToPath(import.meta.resolve('autocannon'))];

interface Printed {
  readonly requests: { readonly total: number };
  readonly duration: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

export const autocannon: OutsideTool = {
  name: 'autocannon',
  install: 'npm ci',
  version: { command: [...cli, '--version'], pattern: /autocannon v?(\S+)/ },
  command: (job) => [
    ...cli,
    '--json',
    '--no-progress',
    '--sampleInt',
    '100',
    ...(job.threads > 1 ? ['--workers', String(job.threads)] : []),
    '--connections',
    String(job.connections),
    '--duration',
    String(job.seconds),
    urlOf(job),
  ],
  parse(output) {
    try {
      const { requests, duration, errors, timeouts, non2xx } = JSON.parse(output) as Printed;
      const result = { requests: requests.total - non2xx, seconds: duration, failed: errors + timeouts + non2xx };
      return Object.values(result).every(Number.isFinite) ? result : undefined;
    } catch {
      return undefined;
    }
  },
};
