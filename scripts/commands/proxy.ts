import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type IntentProblem, problemText } from '#proxies/config/intent-error.ts';
import type { Endpoint, EscapedSlashes, ProxyIntent } from '#proxies/config/intent.ts';
import { readEnvoyConfig } from '#proxies/config/envoy.ts';
import { parseIntent } from '#proxies/config/schema.ts';
import type { Capability, ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { startControl } from '#proxies/control.ts';
import { watchForChanges } from '#proxies/platform/watched-file.ts';
import { Reloads } from '#proxies/reloads.ts';
import { type Part, type RunningTogether, startTogether } from '#proxies/together.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { parseEndpoint, parseInteger, parseList } from '../flags.ts';
import { serveInForeground } from '../foreground.ts';
import { readKeyPair } from '../key-pair.ts';
import { known } from '../nearest.ts';
import { parseLimits, parseTimeouts } from '../proxy-settings.ts';

interface ProxyFlags {
  readonly listen?: string;
  readonly upstream?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly config?: string;
  readonly workers?: string;
  readonly admin?: string;
  readonly watch?: boolean;
  readonly control?: string;
  readonly accessLog?: string;
  readonly timeout?: readonly string[];
  readonly limit?: readonly string[];
  readonly allow?: readonly string[];
  readonly block?: readonly string[];
  readonly escapedSlashes?: EscapedSlashes;
}

interface Chosen {
  readonly parts: readonly [Part, ...Part[]];
  readonly admin?: Endpoint;
  /** What is in the file and does nothing here. */
  readonly notes: readonly IntentProblem[];
}

function fromFlags(name: string, flags: ProxyFlags): Chosen {
  const definition = proxies.get(known('proxy', name, [...proxies.keys()]))!;
  if (flags.listen === undefined)
    throw new UsageError(`proxy ${name} needs --listen HOST:PORT (port 0 takes any free one)`);
  const upstreams = parseList(flags.upstream ?? '').map((text) => parseEndpoint('--upstream', text));
  const isForward = definition.capabilities.has('connect');
  if (!isForward && (flags.allow ?? flags.block))
    throw new UsageError(`proxy ${name} goes to its upstreams alone: --allow and --block are for l7-forward`);
  if (upstreams.length === 0 && !isForward)
    throw new UsageError(`proxy ${name} needs --upstream HOST:PORT[,HOST:PORT…]`);
  const pair = readKeyPair(flags);
  if (definition.capabilities.has('tls-termination') && !pair)
    throw new UsageError(`proxy ${name} terminates TLS: give --cert FILE and --key FILE`);
  if (pair && !definition.capabilities.has('tls-termination'))
    throw new UsageError(`proxy ${name} does not terminate TLS: leave out --cert and --key, or choose one that does`);
  const intent = parseIntent({
    listener: { address: parseEndpoint('--listen', flags.listen), ...(pair && { tls: { certificates: [pair] } }) },
    clusters: upstreams.length > 0 ? [{ name: 'upstream', endpoints: upstreams }] : [],
    ...(upstreams.length > 0 && { defaultCluster: 'upstream' }),
    ...(isForward && {
      forward: { ...(flags.allow && { allow: flags.allow }), ...(flags.block && { block: flags.block }) },
    }),
  });
  return { parts: [{ definition, intent }], notes: [] };
}

function fromFile(name: string | undefined, flags: ProxyFlags): Chosen {
  let text: string;
  try {
    text = readFileSync(flags.config!, 'utf8');
  } catch (error) {
    throw new UsageError(`--config ${flags.config}: cannot be read: ${explain(error)}`);
  }
  return fromText(text, name, flags);
}

function fromText(text: string, name: string | undefined, flags: ProxyFlags): Chosen {
  for (const flag of ['listen', 'upstream', 'cert', 'key', 'allow', 'block'] as const)
    if (flags[flag] !== undefined)
      throw new UsageError(`--${flag} and --config exclude each other: the file says it all`);
  const { listeners, admin, notes } = readEnvoyConfig(text, flags.config!);
  const other = name !== undefined && listeners.find(({ proxy }) => proxy !== name);
  if (other) throw new UsageError(`--config ${flags.config} describes ${other.proxy}, not ${name}: leave the name out`);
  const [first, ...others] = listeners.map(({ proxy, intent }): Part => ({ definition: proxies.get(proxy)!, intent }));
  return { parts: [first!, ...others], ...(admin && { admin }), notes };
}

/**
 * What flags say of every listener. Limits and time-outs go to those of several that have a use for them; one that none has goes to all,
 * who refuse it by its name.
 */
function complete({ definition, intent }: Part, all: readonly Part[], flags: ProxyFlags): ProxyIntent {
  const concerns = (setting: `${'timeouts' | 'limits'}.${string}`): boolean => {
    const takes = ({ capabilities }: ProxyDefinition): boolean => capabilities.has(setting as Capability);
    return takes(definition) || !all.some((part) => takes(part.definition));
  };
  const mine = (group: 'timeouts' | 'limits', settings: object): object =>
    Object.fromEntries(Object.entries(settings).filter(([key]) => concerns(`${group}.${key}`)));
  const timeouts = mine('timeouts', parseTimeouts(flags.timeout ?? []));
  const limits = mine('limits', parseLimits(flags.limit ?? []));
  return parseIntent({
    ...intent,
    ...(flags.workers !== undefined && { concurrency: parseInteger('--workers', flags.workers, 1, 256) }),
    ...(flags.accessLog !== undefined && { accessLog: flags.accessLog }),
    ...(flags.escapedSlashes !== undefined && { escapedSlashes: flags.escapedSlashes }),
    ...(flags.timeout && { timeouts: { ...intent.timeouts, ...timeouts } }),
    ...(flags.limit && { limits: { ...intent.limits, ...limits } }),
  });
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

async function requireAvailable(definition: ProxyDefinition): Promise<void> {
  const found = await definition.availability();
  if (found.state === 'missing')
    throw new UsageError(`${definition.name} cannot run here: ${found.reason}; to install it: ${found.install}`);
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
    .option('--watch', 'read --config again whenever it changes')
    .option(
      '--control <socket>',
      'take new configurations by HTTP on this Unix socket: PUT /config (a file as --config), PUT /intent (JSON), GET /intent; ?over=MS shifts weights over that time',
    )
    .option('--workers <n>', 'event loops that share the port')
    .option('--admin <host:port>', 'statistics as JSON (/stats) and Prometheus text (/metrics)')
    .option('--access-log <file>', 'append one JSON line per request or connection')
    .option(
      '--timeout <name=duration>',
      'a time-out, such as upstream-response=5m; 0 switches it off; repeatable',
      collect,
    )
    .option('--limit <name=count>', 'a limit, such as head-bytes=65536; repeatable', collect)
    .option(
      '--allow <destination>',
      'l7-forward: HOST, *.SUFFIX, ADDRESS or CIDR with optional :PORT that it may go to, beside which it goes nowhere; * is every public address; repeatable',
      collect,
    )
    .option('--block <destination>', 'l7-forward: where it must not go, whatever is allowed; repeatable', collect)
    .addOption(
      new Option(
        '--escaped-slashes <what>',
        'HTTP: %2f in a path goes on as it is (the default), or is refused with 400',
      ).choices(['keep', 'refuse']),
    )
    .action(async (name: string | undefined, flags: ProxyFlags) => {
      if (flags.watch && flags.config === undefined)
        throw new UsageError('--watch needs --config FILE, which it watches');
      if (name === undefined && flags.config === undefined)
        throw new UsageError('name a proxy, or give --config FILE (hopcost list shows the proxies)');
      const chosen = flags.config !== undefined ? fromFile(name, flags) : fromFlags(name!, flags);
      const completed = ({ parts }: Chosen): readonly [Part, ...Part[]] => {
        const [first, ...others] = parts;
        const withFlags = (part: Part): Part => ({ ...part, intent: complete(part, parts, flags) });
        return [withFlags(first), ...others.map(withFlags)];
      };
      const parts = completed(chosen);
      for (const { definition } of parts) await requireAvailable(definition);
      for (const note of chosen.notes) process.stderr.write(`hopcost: ${flags.config}: ${problemText(note)}\n`);
      const admin = flags.admin === undefined ? chosen.admin : parseEndpoint('--admin', flags.admin);
      const renewed = (next: Chosen): readonly Part[] => {
        if (flags.admin === undefined && JSON.stringify(next.admin) !== JSON.stringify(chosen.admin))
          throw new UsageError('admin cannot change while the proxy runs; start another');
        return completed(next);
      };
      const again = (reloads: Reloads) => reloads.apply(() => renewed(fromFile(name, flags)));
      await serveInForeground<Renewable>(
        parts.map(({ definition }) => definition.name).join(', '),
        parts.map(({ intent }) => intent.listener.address),
        async (signal) => renewable(await startTogether(parts, admin, signal)),
        {
          ...(flags.config !== undefined && { onHangup: ({ reloads }) => again(reloads) }),
          async open({ reloads }, told) {
            await using ways = new AsyncDisposableStack();
            ways.use(reloads);
            if (flags.watch) ways.use(watchForChanges(flags.config!, () => told(() => again(reloads))));
            const fromCall = { readConfig: (text: string) => renewed(fromText(text, name, flags)) };
            if (flags.control !== undefined)
              ways.use(await startControl(flags.control, { reloads, ...(flags.config !== undefined && fromCall) }));
            return ways.move();
          },
        },
      );
    });

/** With the queue that all its new configurations go through. */
type Renewable = RunningTogether & { readonly reloads: Reloads };

const renewable = (running: RunningTogether): Renewable => Object.assign(running, { reloads: new Reloads(running) });
