import { resolve } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '#bench/model/errors.ts';
import { parseEndpoint } from '../flags.ts';
import { serveInForeground } from '../foreground.ts';
import { isLoopback, serveRuns } from '../serve/server.ts';

export const serveCommand = (): Command =>
  new Command('serve')
    .description('show the runs and a live page of the running one in the browser, on loopback, until a signal')
    .option('--listen <host:port>', 'where to listen: a loopback address', '127.0.0.1:4780')
    .option('--out <folder>', 'where the folders of runs are kept', 'reports/out')
    .action(async ({ listen: text, out }: { listen: string; out: string }) => {
      const listen = parseEndpoint('--listen', text);
      if (!isLoopback(listen.host))
        throw new UsageError(`--listen ${text}: expected a loopback address: the runs are shown to this machine alone`);
      await serveInForeground('serve', [listen], async (signal) => {
        const server = await serveRuns(resolve(out), listen, signal);
        const { host, port } = server.address;
        process.stderr.write(`http://${host.includes(':') ? `[${host}]` : host}:${port}/\n`);
        return server;
      });
    });
