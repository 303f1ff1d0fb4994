/** Endpoints by DNS: addresses of a name, or targets of a service (RFC 2782), and how long the answer holds. */
import { Resolver } from 'node:dns/promises';
import type { Discovery, WeightedEndpoint } from '../config/intent.ts';

/** What DNS is asked for. */
export type Asked = Exclude<Discovery, { readonly kind: 'file' }>;

/** What is used of the runtime's DNS client. TTLs are seconds. */
export interface NameClient {
  resolve4(name: string, options: { readonly ttl: true }): Promise<readonly Address[]>;
  resolve6(name: string, options: { readonly ttl: true }): Promise<readonly Address[]>;
  resolveSrv(name: string): Promise<readonly Target[]>;
  /** What is asked for and not answered yet fails. */
  cancel(): void;
}

interface Address {
  readonly address: string;
  readonly ttl: number;
}

interface Target {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface Found {
  /** At least one, each once. */
  readonly endpoints: readonly WeightedEndpoint[];
  /** Milliseconds; the shortest of all addresses, for the runtime tells none of SRV records. */
  readonly ttl: number;
}

/** A client of its own, so that calling off what it asks concerns nobody else. */
export function createNameClient({ servers }: Pick<Asked, 'servers'>): NameClient {
  const client = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) client.setServers(servers);
  return client;
}

/** Rejects with the resolver's error, or where there is no such name, or nothing behind it. */
export async function askNames(asked: Asked, client: NameClient): Promise<Found> {
  const found =
    asked.kind === 'dns' ? await hosts(asked.name, asked.port, 1, client) : await services(asked.name, client);
  const endpoints = new Map(found.map((one) => [`${one.endpoint.host} ${one.endpoint.port}`, one.endpoint]));
  return { endpoints: [...endpoints.values()], ttl: Math.min(...found.map(({ ttl }) => ttl)) * 1_000 };
}

interface FoundOne {
  readonly endpoint: WeightedEndpoint;
  readonly ttl: number;
}

async function hosts(name: string, port: number, weight: number, client: NameClient): Promise<FoundOne[]> {
  const addresses = await addressesOf(name, client);
  return addresses.map(({ address, ttl }) => ({
    endpoint: { host: address, port, ...(weight > 1 && { weight }) },
    ttl,
  }));
}

const NOTHING: ReadonlySet<string | undefined> = new Set(['ENODATA', 'ENOTFOUND']);

/** IPv4 where there is any: both of a host with two families would count it twice. */
async function addressesOf(name: string, client: NameClient): Promise<readonly Address[]> {
  try {
    const found = await client.resolve4(name, { ttl: true });
    if (found.length > 0) return found;
  } catch (error) {
    if (!NOTHING.has((error as NodeJS.ErrnoException).code)) throw error;
  }
  const found = await client.resolve6(name, { ttl: true });
  if (found.length === 0) throw new Error(`${name} has no address`);
  return found;
}

/** Those of the first priority alone: the others are for when these are gone, which their names would tell. */
async function services(name: string, client: NameClient): Promise<FoundOne[]> {
  const targets = await client.resolveSrv(name);
  const first = Math.min(...targets.map(({ priority }) => priority));
  // A target of "." says that there is no such service.
  const chosen = targets.filter((target) => target.priority === first && target.name !== '' && target.name !== '.');
  const answers = await Promise.allSettled(
    // A weight of 0 is the least there is, and ours begin at 1.
    chosen.map((target) => hosts(target.name, target.port, Math.max(1, target.weight), client)),
  );
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) return found;
  const failed = answers.find((answer) => answer.status === 'rejected');
  throw failed ? (failed.reason as Error) : new Error(`${name} leads to no target`);
}
