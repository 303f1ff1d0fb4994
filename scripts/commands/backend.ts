import { Command } from 'commander';
import { backends } from '#backends/registry.ts';
import { parseEndpoint } from '../flags.ts';
import { serveInForeground } from '../foreground.ts';
import { known } from '../nearest.ts';
import { readKeyPair } from '../key-pair.ts';

export const backendCommand = (): Command =>
  new Command('backend')
    .description('run one origin in the foreground; prints one JSON line when it is ready, drains on SIGTERM')
    .argument('<name>', `one of ${[...backends.keys()].join(', ')}`)
    .requiredOption('--listen <host:port>', 'where to listen; port 0 takes any free one')
    .option('--cert <file>', 'PEM certificate: speak TLS')
    .option('--key <file>', 'PEM key of --cert')
    .action(async (name: string, flags: { listen: string; cert?: string; key?: string }) => {
      const definition = backends.get(known('backend', name, [...backends.keys()]))!;
      const listen = parseEndpoint('--listen', flags.listen);
      const tls = readKeyPair(flags);
      await serveInForeground(name, [listen], (signal) => definition.start(listen, tls ? { tls } : {}, signal));
    });
