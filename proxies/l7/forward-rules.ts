/**
 * Where a forward proxy may go: by the name that was asked for, and by the address it turns out to be. Without a word it goes to public
 * addresses at the ports of HTTP alone: what stands open to the host, or to its network, is not for the proxy's clients.
 */
import { canonicalAddress } from '../config/ip-address.ts';
import { addressSet, parseNetwork } from '../config/network.ts';
import type { ForwardRules } from '../config/intent.ts';

interface Rule {
  readonly port: number | undefined;
  host(name: string): boolean;
  address(address: string): boolean;
}

export interface Destinations {
  /** False: refused, whatever its address is. */
  permitsHost(host: string, port: number): boolean;
  /** An address that `host` stands for; asked for each, so that a name cannot lead to where it must not. */
  permitsAddress(host: string, port: number, address: string): boolean;
}

/** Not globally reachable (IANA's special-purpose registries, RFC 6890), multicast, and IPv6 forms that lead to IPv4 elsewhere. */
const CLOSED = (
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 ' +
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/96 64:ff9b::/96 64:ff9b:1::/48 ' +
  '100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8'
).split(' ');

const PORTS = [80, 443];
/** Who connects to these reaches this host itself. */
const THIS_HOST: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Block beats allow. An entry of `allow` opens what it names, private or not, at its port or at every one; `*` stands for all public
 * addresses. Without any, that is all there is, at 80 and 443. Throws `TypeError` for an entry that is none.
 */
export function compileForwardRules({ allow = [], block = [] }: ForwardRules = {}): Destinations {
  const isClosed = addressSet(CLOSED);
  const publicPorts = allow.length === 0 ? PORTS : allow.flatMap(publicPortsOf);
  const allowed = allow.filter((entry) => !isPublic(entry)).map(compileRule);
  const blocked = block.map(compileRule);
  const named = (rules: readonly Rule[], host: string, port: number): boolean =>
    rules.some((rule) => (rule.port === undefined || rule.port === port) && rule.host(host));
  const found = (rules: readonly Rule[], address: string, port: number): boolean =>
    rules.some((rule) => (rule.port === undefined || rule.port === port) && rule.address(address));
  return {
    permitsHost: (host, port) => !named(blocked, host, port),
    permitsAddress(host, port, text) {
      const canonical = canonicalAddress(text);
      const address = THIS_HOST[canonical] ?? canonical;
      if (found(blocked, address, port)) return false;
      if (named(allowed, host, port) || found(allowed, address, port)) return true;
      return publicPorts.includes(port) && !isClosed(address);
    },
  };
}

const isPublic = (entry: string): boolean => splitPort(entry).host === '*';

function publicPortsOf(entry: string): number[] {
  const { port } = splitPort(entry);
  if (!isPublic(entry)) return [];
  return port === undefined ? PORTS : [port];
}

function compileRule(entry: string): Rule {
  const { host, port } = splitPort(entry);
  const never = (): boolean => false;
  if (parseNetwork(host) !== undefined) {
    const address = addressSet([host]);
    return { port, host: address, address };
  }
  const name = host.toLowerCase();
  if (!/^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name)) {
    throw new TypeError(`forward rules: "${entry}" is no host, *.suffix, address or CIDR with optional :port`);
  }
  const suffix = name.startsWith('*.') ? name.slice(1) : undefined;
  return {
    port,
    host:
      suffix === undefined ? (text) => text === name : (text) => text.length > suffix.length && text.endsWith(suffix),
    address: never,
  };
}

/** `host`, `host:port`, `[v6]:port`, `v6`, `cidr`, `cidr:port`; the port undefined where there is none. */
export function splitPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return { host: text, port: undefined }; // an IPv6 address without brackets
  return { host: match[1] ?? match[2] ?? '', port: match[3] === undefined ? undefined : Number(match[3]) };
}
