/** One topology for a group of cases: origins in this process, the proxy in front of them, both gone with the scope. */
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { startProxy, type ProxyRoot } from '#bench/lab/started-proxy.ts';
import type { Target } from '#bench/lab/wire.ts';
import type { Subject } from './bench.ts';
import { clientHello } from './client-hello.ts';
import type { Materials, Setup } from './setups.ts';
import { NotApplicable } from './violation.ts';
import { RecordingOrigin } from './origin.ts';

/** Where the proxy runs: in this process, or as measured, in processes of its own on these cores. */
export type Launch =
  { readonly kind: 'here' } | ({ readonly kind: 'child'; readonly cores: readonly number[] | null } & ProxyRoot);

export interface Stage extends AsyncDisposable {
  readonly intent: ProxyIntent;
  readonly subject: Subject;
  readonly target: Target;
  readonly origins: readonly RecordingOrigin[];
  readonly nativeConfig: string;
  /** Why the proxy does not run any more, or undefined. */
  died(): string | undefined;
  /** What each connection must begin with to be passed on. */
  readonly preamble: string;
  /** Target of a request that leads to the first origin. */
  targetOf(path: string): string;
}

export const LOOPBACK: Endpoint = { host: '127.0.0.1', port: 0 };

const readsHello = ({ layer, capabilities }: ProxyDefinition): boolean =>
  layer === 'l4' && capabilities.has('sni-routing');

/** A ClientHello comes last; a setup that has its own is left alone. */
function preambleOf(definition: ProxyDefinition, { preamble = '' }: Setup): string {
  return readsHello(definition) && !preamble.startsWith('\x16') ? preamble + clientHello({}) : preamble;
}

export interface StageSpec {
  readonly definition: ProxyDefinition;
  readonly materials: Materials;
  readonly launch: Launch;
}

/** Rejects with `NotApplicable` where the proxy refuses the intent for what it does not offer. */
export async function openStage(
  { definition, materials, launch }: StageSpec,
  setup: Setup,
  signal: AbortSignal,
): Promise<Stage> {
  const { certificate } = materials;
  const leaf = { cert: certificate.cert, key: certificate.key };
  const terminates = definition.capabilities.has('tls-termination');
  // One that encrypts anew is always put to both sides; others originate TLS where a case is about that.
  const originates = setup.secureOrigin === true || definition.reencrypts === true;
  await using scope = new AsyncDisposableStack();
  const origins: RecordingOrigin[] = [];
  for (let index = 0; index < (setup.origins ?? 1); index++)
    origins.push(scope.use(await RecordingOrigin.start(setup.speaks, originates ? leaf : undefined)));
  const intent = setup.intent(
    {
      listener: { address: LOOPBACK, ...(terminates && { tls: { certificates: [leaf], alpn: ['http/1.1'] } }) },
      clusters: [
        {
          name: 'origin',
          endpoints: origins.map(({ address }) => address),
          ...(originates && { tls: { serverName: certificate.serverName, ca: certificate.ca } }),
        },
      ],
      defaultCluster: 'origin',
    },
    materials,
  );
  const started = await start(definition, intent, launch, signal);
  scope.use(started);
  const { address } = started;
  const tls = intent.listener.tls && { ca: certificate.ca, serverName: certificate.serverName };
  const owned = scope.move();
  return {
    intent,
    subject: started,
    target: { ...address, ...(tls && { tls }) },
    origins,
    nativeConfig: started.nativeConfig,
    died: started.died,
    preamble: preambleOf(definition, setup),
    targetOf: definition.capabilities.has('connect')
      ? (path) => `http://${origins[0]!.address.host}:${origins[0]!.address.port}${path}`
      : (path) => path,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function start(
  definition: ProxyDefinition,
  intent: ProxyIntent,
  launch: Launch,
  signal: AbortSignal,
): Promise<Subject & AsyncDisposable & Pick<Stage, 'nativeConfig' | 'died'>> {
  try {
    if (launch.kind === 'here') {
      const running = await definition.start(intent, signal);
      return Object.assign(running, { died: () => undefined });
    }
    const started = await startProxy({ ...launch, definition, intent }, signal);
    const { address, pids, nativeConfig } = started;
    const died = () => (started.alive ? undefined : `the proxy died: ${started.output.slice(-300)}`);
    return { address, pids, nativeConfig, died, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_INTENT') throw new NotApplicable((error as Error).message);
    throw error;
  }
}
