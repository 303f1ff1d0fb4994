import { numbers, type OutsideTool, urlOf } from './tool.ts';

export const wrk: OutsideTool = {
  name: 'wrk',
  install: 'apt-get install wrk',
  version: { command: ['wrk', '-v'], pattern: /^wrk (\S+)/ },
  command: (job) => [
    'wrk',
    '--threads',
    String(job.threads),
    '--connections',
    String(job.connections),
    '--duration',
    `${job.seconds}s`,
    urlOf(job),
  ],
  parse(output) {
    const found = numbers(output, /(\d+) requests in /, /Requests\/sec:\s*([\d.]+)/);
    if (!found) return undefined;
    const [requests, rate] = found as [number, number];
    const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
    const wrong = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
    const failed = socket.reduce((sum, count) => sum + Number(count), wrong);
    // It prints its time with two digits only; the rate has more.
    return { requests: requests - wrong, seconds: rate > 0 ? requests / rate : 0, failed };
  },
};
