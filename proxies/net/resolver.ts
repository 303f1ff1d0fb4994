/**
 * Names to addresses by `/etc/hosts` and DNS. Not by the system's resolver: its look-ups hold threads of the pool that files are written
 * by, four in all, so that a few slow names would stop every other name and the access log. IPv4 comes first.
 */
import type { SocketOptions } from 'node:dgram';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Resolver as DnsClient } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP, type LookupFunction } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { callbackify } from 'node:util';

/** Rejects with ENOTFOUND, ETIMEDOUT or what else DNS says. */
export type Resolve = (name: string) => Promise<readonly string[]>;

export interface ResolverOptions {
  readonly hostsFile?: string;
  readonly resolvConf?: string;
  /** `address` or `address:port`; those of `resolvConf` by default. */
  readonly servers?: readonly string[];
}

/** Milliseconds after which both files are read again. */
const AGE = 1_000;
/** Milliseconds that IPv6 addresses are waited for once there are IPv4 ones (RFC 8305 §3). */
const RESOLUTION_DELAY = 50;
const LOOPBACK = ['127.0.0.1', '::1'];

interface System {
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly conf: string;
  readonly search: readonly string[];
  readonly ndots: number;
  readonly dns: DnsClient;
}

/** One look-up at a time for each name: whoever asks meanwhile gets the same answer. */
export function createResolver(options: ResolverOptions = {}): Resolve {
  const pending = new Map<string, Promise<readonly string[]>>();
  const system = readSystem(options);
  return (name) => {
    if (isIP(name) !== 0) return Promise.resolve([name]);
    const key = name.toLowerCase();
    const known = pending.get(key);
    if (known !== undefined) return known;
    const found = system().then((now) => resolve(key, now));
    pending.set(key, found);
    const forget = (): void => void pending.delete(key);
    found.then(forget, forget);
    return found;
  };
}

async function resolve(name: string, system: System): Promise<readonly string[]> {
  const bare = name.replace(/\.$/, '');
  const listed = system.hosts.get(bare);
  if (listed !== undefined) return listed;
  if (bare === 'localhost' || bare.endsWith('.localhost')) return LOOPBACK; // RFC 6761 §6.3
  for (const candidate of candidates(name, system)) {
    const found = await ask(candidate, system.dns);
    if (found.length > 0) return found;
  }
  throw failure('ENOTFOUND', name);
}

/** In the order in which they are tried; see resolv.conf(5). */
function candidates(name: string, { search, ndots }: System): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = search.map((domain) => `${name}.${domain}`);
  return name.split('.').length > ndots ? [name, ...searched] : [...searched, name];
}

interface Answer {
  readonly addresses: readonly string[];
  readonly error?: Error;
}

/** Empty: there is no such name, or it has no address. */
async function ask(name: string, dns: DnsClient): Promise<readonly string[]> {
  const later = settle(dns.resolve6(name), name);
  const first = await settle(dns.resolve4(name), name);
  const isEnough = first.addresses.length > 0;
  const second = await (isEnough
    ? Promise.race([later, delay<Answer>(RESOLUTION_DELAY, { addresses: [] }, { ref: false })])
    : later);
  const error = first.error ?? second.error;
  if (!isEnough && second.addresses.length === 0 && error !== undefined) throw error;
  return [...first.addresses, ...second.addresses];
}

async function settle(asked: Promise<string[]>, name: string): Promise<Answer> {
  try {
    return { addresses: await asked };
  } catch (error) {
    const { code = 'EAI_FAIL' } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return { addresses: [] };
    return { addresses: [], error: failure(code === 'ETIMEOUT' ? 'ETIMEDOUT' : code, name) };
  }
}

function failure(code: string, name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`resolve ${code} ${name}`), { code, syscall: 'resolve' });
}

function readSystem({ hostsFile = '/etc/hosts', resolvConf = '/etc/resolv.conf', servers }: ResolverOptions) {
  let current: Promise<System> | undefined;
  let read = -Infinity;
  const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
  const again = async (before: Promise<System> | undefined): Promise<System> => {
    const [hosts, conf] = await Promise.all([text(hostsFile), text(resolvConf)]);
    const last = await before;
    if (last?.conf === conf) return { ...last, hosts: parseHosts(hosts) };
    const dns = new DnsClient();
    if (servers !== undefined) dns.setServers([...servers]);
    return { hosts: parseHosts(hosts), conf, dns, ...parseConf(conf) };
  };
  return (): Promise<System> => {
    const now = performance.now();
    if (current === undefined || now - read > AGE) {
      read = now;
      current = again(current);
    }
    return current;
  };
}

const lines = (text: string): string[][] =>
  text.split('\n').map((line) =>
    line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/),
  );

/** hosts(5): an address, then the names that stand for it. A name of several lines has several addresses. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const [address = '', ...names] of lines(text)) {
    if (isIP(address) === 0) continue;
    for (const name of names.map((each) => each.toLowerCase())) {
      const addresses = hosts.get(name) ?? [];
      hosts.set(name, addresses);
      if (!addresses.includes(address)) addresses.push(address);
    }
  }
  return hosts;
}

/** resolv.conf(5): the domains in which short names are looked for, and how many dots a name has that is none. */
export function parseConf(text: string): { readonly search: readonly string[]; readonly ndots: number } {
  let search: string[] = [];
  let ndots = 1;
  for (const [key, ...values] of lines(text)) {
    if (key === 'search' || key === 'domain') search = values.map((domain) => domain.toLowerCase().replace(/\.$/, ''));
    if (key !== 'options') continue;
    const option = values.findLast((value) => /^ndots:\d+$/.test(value));
    if (option !== undefined) ndots = Math.min(15, Number(option.slice(6)));
  }
  return { search: search.filter((domain) => domain !== ''), ndots };
}

/** Of this event loop. */
export const resolveName: Resolve = createResolver();

/** What a socket of the runtime asks for; outside the promise, so that what its callback throws is thrown. */
const find = callbackify(async (name: string, family: LookupOptions['family']): Promise<LookupAddress[]> => {
  const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
  const found = (await resolveName(name))
    .map((address) => ({ address, family: isIP(address) }))
    .filter((each) => !wanted || each.family === wanted);
  if (found.length === 0) throw failure('ENOTFOUND', name);
  return found;
});

/** The same in the shape that TCP sockets take. */
export const lookupName: LookupFunction = (name, { all = false, family }, done) =>
  find(name, family, (error, found) => {
    if (error !== null) done(error, []);
    else if (all) done(null, found);
    else done(null, found[0]!.address, found[0]!.family);
  });

/** And in that of datagram sockets. */
export const lookupOne: NonNullable<SocketOptions['lookup']> = (name, { family }, done) =>
  find(name, family, (error, found) => done(error, found?.[0]?.address ?? '', found?.[0]?.family ?? 0));
