import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { EscapedSlashes, ProxyIntent } from '#proxies/config/intent.ts';
import { readEnvoyConfig } from '#proxies/config/envoy.ts';
import { parseIntent } from '#proxies/config/schema.ts';
import type { ProxyDefinition, RunningProxy } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { parseEndpoint, parseInteger, parseList } from '../flags.ts';
import { serveInForeground } from '../foreground.ts';
import { readKeyPair } from '../key-pair.ts';
import { known } from '../nearest.ts';

interface ProxyFlags {
  readonly listen?: string;
  readonly upstream?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly config?: string;
  readonly workers?: string;
  readonly admin?: string;
  readonly accessLog?: string;
  readonly escapedSlashes?: EscapedSlashes;
}

interface Chosen {
  readonly definition: ProxyDefinition;
  readonly intent: ProxyIntent;
}

function fromFlags(name: string, flags: ProxyFlags): Chosen {
  const definition = proxies.get(known('proxy', name, [...proxies.keys()]))!;
  if (flags.listen === undefined)
    throw new UsageError(`proxy ${name} needs --listen HOST:PORT (port 0 takes any free one)`);
  const upstreams = parseList(flags.upstream ?? '').map((text) => parseEndpoint('--upstream', text));
  const isForward = definition.capabilities.has('connect');
  if (upstreams.length === 0 && !isForward)
    throw new UsageError(`proxy ${name} needs --upstream HOST:PORT[,HOST:PORT…]`);
  const pair = readKeyPair(flags);
  if (definition.capabilities.has('tls-termination') && !pair)
    throw new UsageError(`proxy ${name} terminates TLS: give --cert FILE and --key FILE`);
  if (pair && !definition.capabilities.has('tls-termination'))
    throw new UsageError(`proxy ${name} does not terminate TLS: leave out --cert and --key, or choose one that does`);
  return {
    definition,
    intent: parseIntent({
      listener: { address: parseEndpoint('--listen', flags.listen), ...(pair && { tls: { certificates: [pair] } }) },
      clusters: upstreams.length > 0 ? [{ name: 'upstream', endpoints: upstreams }] : [],
      ...(upstreams.length > 0 && { defaultCluster: 'upstream' }),
      ...(isForward && { forward: {} }),
    }),
  };
}

function fromFile(name: string | undefined, flags: ProxyFlags): Chosen {
  for (const flag of ['listen', 'upstream', 'cert', 'key'] as const)
    if (flags[flag] !== undefined)
      throw new UsageError(`--${flag} and --config exclude each other: the file says it all`);
  let text: string;
  try {
    text = readFileSync(flags.config!, 'utf8');
  } catch (error) {
    throw new UsageError(`--config ${flags.config}: cannot be read: ${explain(error)}`);
  }
  const { proxy, intent } = readEnvoyConfig(text, flags.config!);
  if (name !== undefined && name !== proxy)
    throw new UsageError(`--config ${flags.config} describes ${proxy}, not ${name}: leave the name out`);
  return { definition: proxies.get(proxy)!, intent };
}

export const proxyCommand = (): Command =>
  new Command('proxy')
    .description(
      'run one proxy in the foreground; prints one JSON line when it is ready, drains on SIGTERM, reads --config again on SIGHUP',
    )
    .argument('[name]', `one of ${[...proxies.keys()].join(', ')}; not needed with --config`)
    .option('--listen <host:port>', 'where to listen; port 0 takes any free one')
    .option('--upstream <host:port,…>', 'where to forward to')
    .option('--cert <file>', 'PEM certificate (chain) for TLS termination')
    .option('--key <file>', 'PEM key of --cert')
    .option('--config <file>', 'Envoy static YAML instead of the flags above; read again on SIGHUP')
    .option('--workers <n>', 'event loops that share the port')
    .option('--admin <host:port>', 'statistics as JSON (/stats) and Prometheus text (/metrics)')
    .option('--access-log <file>', 'append one JSON line per request or connection')
    .addOption(
      new Option(
        '--escaped-slashes <what>',
        'HTTP: %2f in a path goes on as it is (the default), or is refused with 400',
      ).choices(['keep', 'refuse']),
    )
    .action(async (name: string | undefined, flags: ProxyFlags) => {
      if (name === undefined && flags.config === undefined)
        throw new UsageError('name a proxy, or give --config FILE (hopcost list shows the proxies)');
      const { definition, intent: base } = flags.config !== undefined ? fromFile(name, flags) : fromFlags(name!, flags);
      const availability = await definition.availability();
      if (availability.state === 'missing')
        throw new UsageError(
          `${definition.name} cannot run here: ${availability.reason}; to install it: ${availability.install}`,
        );
      const complete = (read: ProxyIntent): ProxyIntent => ({
        ...read,
        ...(flags.workers !== undefined && { concurrency: parseInteger('--workers', flags.workers, 1, 256) }),
        ...(flags.admin !== undefined && { admin: parseEndpoint('--admin', flags.admin) }),
        ...(flags.accessLog !== undefined && { accessLog: flags.accessLog }),
        ...(flags.escapedSlashes !== undefined && { escapedSlashes: flags.escapedSlashes }),
      });
      const intent = complete(base);
      const reload = async (running: RunningProxy): Promise<void> => {
        const next = fromFile(name, flags);
        if (next.definition !== definition || !running.reload)
          throw new UsageError(
            `${flags.config} now describes ${next.definition.name}, ${definition.name} runs: start another`,
          );
        await running.reload(complete(next.intent));
      };
      await serveInForeground(
        definition.name,
        intent.listener.address,
        (signal) => definition.start(intent, signal),
        flags.config === undefined ? undefined : reload,
      );
    });
