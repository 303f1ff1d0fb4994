import { numbers, type OutsideTool, urlOf } from './tool.ts';

export const h2load: OutsideTool = {
  name: 'h2load',
  install: 'apt-get install nghttp2-client',
  version: { command: ['h2load', '--version'], pattern: /^h2load nghttp2\/(\S+)/ },
  command: (job) => [
    'h2load',
    '--h1',
    '--threads',
    String(job.threads),
    '--clients',
    String(job.connections),
    '--duration',
    String(job.seconds),
    urlOf(job),
  ],
  parse(output) {
    const found = numbers(
      output,
      /(\d+) succeeded/,
      /(\d+) failed/,
      /(\d+) errored/,
      /(\d+) timeout/,
      /finished in [^,]+, ([\d.]+) req\/s/,
      /(\d+) done/,
    );
    if (!found) return undefined;
    const [requests, failed, errored, timeout, rate, done] = found as [number, number, number, number, number, number];
    // 'failed' holds the other two; requests cut off by the end of the run are counted as none of them.
    return { requests, seconds: rate > 0 ? done / rate : 0, failed: Math.max(failed, errored + timeout) };
  },
};
