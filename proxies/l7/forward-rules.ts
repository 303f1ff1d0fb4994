/** Where a forward proxy may go: by the name that was asked for, and by the address it turns out to be. */
import { BlockList, isIP } from 'node:net';
import { parseNetwork } from '../config/network.ts';
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

/** Block beats allow; an empty allow list allows everything else. Throws `TypeError` for an entry that is none. */
export function compileForwardRules({ allow = [], block = [] }: ForwardRules = {}): Destinations {
  const allowed = allow.map(compileRule);
  const blocked = block.map(compileRule);
  const named = (rules: readonly Rule[], host: string, port: number): boolean =>
    rules.some((rule) => (rule.port === undefined || rule.port === port) && rule.host(host));
  const found = (rules: readonly Rule[], address: string, port: number): boolean =>
    rules.some((rule) => (rule.port === undefined || rule.port === port) && rule.address(address));
  return {
    permitsHost: (host, port) => !named(blocked, host, port),
    permitsAddress(host, port, address) {
      const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
      if (found(blocked, plain, port)) return false;
      return allowed.length === 0 || named(allowed, host, port) || found(allowed, plain, port);
    },
  };
}

function compileRule(entry: string): Rule {
  const { host, port } = splitPort(entry);
  const never = (): boolean => false;
  const network = parseNetwork(host);
  if (network !== undefined) {
    const list = new BlockList();
    list.addSubnet(network.address, network.prefix, network.family);
    const address = (text: string): boolean =>
      isIP(text) !== 0 && list.check(text, text.includes(':') ? 'ipv6' : 'ipv4');
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
