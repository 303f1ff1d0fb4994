/** Starts a user's own proxy behind a shell that passes no signal on, tells the pids, and waits to be killed. */
import { join } from 'node:path';
import { own } from './own.ts';

const script = `'${process.execPath}' '${join(import.meta.dirname, 'own-proxy.ts')}' ${process.argv[2]} --listen "$0" --upstream "$1"; true`;
const proxy = await own('', { command: ['/bin/sh', '-c', script, '{listen}', '{upstream}'] }).start(
  {
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: 1 }] }],
    defaultCluster: 'origin',
  },
  AbortSignal.timeout(10_000),
);
process.stdout.write(`${JSON.stringify(proxy.pids)}\n`);
setInterval(() => {}, 1_000);
