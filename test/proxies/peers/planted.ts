import { join } from 'node:path';
import type { Launch } from '#proxies/peers/launch.ts';
import type { Rendered } from '#proxies/peers/process.ts';

const program = join(import.meta.dirname, 'planted-peer.ts');

/** A launch of `planted-peer.ts` in place of a real binary. */
export const planted = (behaviour: string, rendered: Partial<Rendered> = {}, launch: Partial<Launch> = {}): Launch => ({
  name: 'planted',
  what: `Planted 1.2.3 (${process.execPath})`,
  path: process.execPath,
  advice: 'plant another.',
  listen: { host: '127.0.0.1', port: 0 },
  signals: { stop: 'SIGTERM' },
  drainTimeout: 1_000,
  render: ({ port }) => ({
    files: { 'planted.conf': `behave ${behaviour}` },
    secrets: { 'key.pem': 'SECRET' },
    args: [program, behaviour, String(port)],
    processes: 1,
    ...rendered,
  }),
  ...launch,
});

export const checkBy = (behaviour: string): Pick<Rendered, 'check'> => ({ check: [program, behaviour] });
