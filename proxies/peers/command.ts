/**
 * A proxy of the user's own as a subject: a command, told by placeholders where to listen and where to forward to. Run by whoever calls
 * `start`, in a process group of its own; all of its processes are its cost, and none is left.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { timeoutsOf } from '../config/defaults.ts';
import type { Endpoint, ProxyIntent } from '../config/intent.ts';
import { IntentError } from '../config/intent-error.ts';
import { keptOwn, nothingBut, offeredBy, requireOffered, type Offers } from '../config/offers.ts';
import type { Availability, Place, ProxyDefinition } from '../contract.ts';
import { hostPort, requireCluster, requireDefaultCluster } from './intent-facts.ts';
import { launchPeer } from './launch.ts';
import type { Rendered } from './process.ts';

export interface CommandSpec {
  readonly name: string;
  /** Of several commands that are one maker's; its own name where absent. */
  readonly family?: string;
  readonly layer: 'l4' | 'l7';
  /** It ends TLS, with the certificate and key that it is given. */
  readonly tls?: boolean;
  /** It speaks HTTP/2 to its clients as well: in the clear by prior knowledge, over TLS by ALPN. */
  readonly http2?: boolean;
  /** Program and arguments, run without a shell; with a `Placeholder` in braces where it belongs, in `env` too. */
  readonly command: readonly [string, ...string[]];
  /** Absolute. */
  readonly cwd: string;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** When it is ready: it accepts connections, or answers 2xx at a path. 'tcp' by default. */
  readonly ready?: 'tcp' | { readonly path: string };
  /** Milliseconds; 15,000 by default. */
  readonly startTimeout?: number;
}

/**
 * What may stand in braces in a command. `cert` and `key` are files, only where it ends TLS; `upstreamVersion` is of HTTP, 1.1 or 2: who is
 * told it can speak both to the origin.
 */
export type Placeholder =
  | 'listen'
  | 'listenHost'
  | 'listenPort'
  | 'upstream'
  | 'upstreamHost'
  | 'upstreamPort'
  | 'upstreamVersion'
  | 'cert'
  | 'key';
type Values = Readonly<Record<Placeholder, string>>;

/** It is told where to listen, where to forward to and with which certificate, and nothing else of an intent. */
const offersOf = ({ layer, tls, http2, command, env = {} }: CommandSpec): Offers =>
  nothingBut(
    'plain forwarding',
    ...(layer === 'l7' ? (['HTTP forwarding'] as const) : []),
    ...(tls ? (['tls-termination'] as const) : []),
    ...(http2 ? (['HTTP/2 downstream'] as const) : []),
    ...([...command, ...Object.values(env)].some((word) => word.includes('{upstreamVersion}'))
      ? (['HTTP/2 upstream'] as const)
      : []),
  );

const FILES = { cert: 'cert.pem', key: 'key.pem' } as const;
const PATIENCE = { answer: 2_000, start: 15_000 } as const;

/** Every other brace stays as it is: commands may hold JSON. */
const fill = (text: string, values: Values): string =>
  text.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) => (name in values ? values[name as keyof Values] : whole));

export function defineCommand(spec: CommandSpec): ProxyDefinition {
  return commandIn(spec, { cores: null });
}

function commandIn(spec: CommandSpec, place: Place): ProxyDefinition {
  const { name, family = name, layer, command, env = {} } = spec;
  const cwd = place.cwd ?? spec.cwd;
  const offers = offersOf(spec);
  const availability = (): Availability => {
    const lack = whatLacks(command[0], cwd);
    return lack === undefined
      ? { state: 'ready', version: 'own command' }
      : { state: 'missing', reason: lack, install: `correct the command of '${name}' in bench.config.ts` };
  };
  return {
    name,
    family,
    layer,
    summary: `your own: ${command.join(' ')}`,
    capabilities: offeredBy(offers),
    keepsOwn: keptOwn(layer, offers),
    availability: () => Promise.resolve(availability()),
    placed: (where) => commandIn(spec, { ...place, ...where }),
    own: { cwd, words: [...command, ...Object.values(env)] },
    async start(intent, signal) {
      const upstream = upstreamOf(name, offers, intent);
      const found = availability();
      if (found.state === 'missing') throw new Error(`${name}: ${found.reason}; ${found.install}`);
      return launchPeer(
        {
          name,
          what: `the command '${command.join(' ')}' in ${cwd}`,
          path: command[0],
          listen: intent.listener.address,
          signals: { stop: 'SIGTERM' },
          drainTimeout: timeoutsOf(intent).drain,
          readyTimeout: spec.startTimeout ?? PATIENCE.start,
          isWatched: true,
          advice: `run it by hand with these values; a slow start can be given more time (startTimeout of '${name}').`,
          render: (address, _spare, folder) => render(spec, { ...place, cwd }, { intent, address, upstream, folder }),
        },
        signal,
      );
    },
  };
}

interface Situation {
  readonly intent: ProxyIntent;
  readonly address: Endpoint;
  readonly upstream: Endpoint;
  readonly folder: string;
}

function render(
  { command, env = {}, ready = 'tcp' }: CommandSpec,
  { cores, cwd }: Place,
  { intent, address, upstream, folder }: Situation,
): Rendered {
  const certificate = intent.listener.tls?.certificates[0];
  const values: Values = {
    listen: hostPort(address),
    listenHost: address.host,
    listenPort: String(address.port),
    upstream: hostPort(upstream),
    upstreamHost: upstream.host,
    upstreamPort: String(upstream.port),
    upstreamVersion: requireDefaultCluster(intent).protocol === 'http2' ? '2' : '1.1',
    cert: join(folder, FILES.cert),
    key: join(folder, FILES.key),
  };
  return {
    files: {},
    ...(certificate && { secrets: { [FILES.cert]: certificate.cert, [FILES.key]: certificate.key } }),
    args: command.slice(1).map((argument) => fill(argument, values)),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, fill(value, values)])),
    cores,
    guarded: true,
    processes: 1,
    ...(cwd !== undefined && { cwd }),
    ...(ready !== 'tcp' && {
      notReady: (where: Endpoint, signal: AbortSignal) => unanswered(where, ready.path, certificate?.cert, signal),
    }),
  };
}

/** @throws IntentError where the intent asks for more than one plain way to one endpoint. */
function upstreamOf(name: string, offers: Offers, intent: ProxyIntent): Endpoint {
  requireOffered(name, offers, intent);
  requireCluster(name, intent);
  const [endpoint] = requireDefaultCluster(intent).endpoints;
  if (endpoint && (intent.listener.tls !== undefined || offers['tls-termination'] !== 'offered')) return endpoint;
  throw new IntentError([
    endpoint
      ? { path: 'listener.tls', message: `${name} ends TLS; it takes no plain listener` }
      : { path: 'clusters', message: `${name} needs an endpoint to forward to` },
  ]);
}

/** Undefined once a GET is answered 2xx; else what came. Its own certificate is what it must show. */
function unanswered(
  { host, port }: Endpoint,
  path: string,
  cert: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE.answer)]);
  const options = { host, port, path, agent: false, signal: limit } as const;
  const said = (what: string): string => `GET ${path}: expected a status of 2xx, got ${what}`;
  return new Promise((settle) => {
    const answered = (response: IncomingMessage): void => {
      response.resume();
      const { statusCode = 0 } = response;
      settle(statusCode >= 200 && statusCode < 300 ? undefined : said(String(statusCode)));
    };
    const asking =
      cert === undefined
        ? requestHttp(options, answered)
        : requestHttps(
            { ...options, ca: cert, allowPartialTrustChain: true, checkServerIdentity: () => undefined },
            answered,
          );
    asking.on('error', (error) => settle(said(limit.aborted ? 'no answer in time' : error.message))).end();
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Why there is no such program, looked up as a start in `cwd` would; undefined where there is. */
function whatLacks(program: string, cwd: string): string | undefined {
  if (!existsSync(cwd)) return `its folder ${cwd} does not exist`;
  if (program.includes('/')) {
    const path = isAbsolute(program) ? program : resolve(cwd, program);
    return isProgram(path) ? undefined : `there is no program ${path}`;
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.some((folder) => isProgram(join(folder, program)))
    ? undefined
    : `there is no program '${program}' in PATH`;
}
