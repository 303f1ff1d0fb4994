/** Which client addresses may connect, by CIDR (RFC 4632; RFC 4291 §2.3). */
import { BlockList, isIP } from 'node:net';
import { parseNetwork } from '../config/network.ts';

/** A set of networks. An IPv4 address that arrives on an IPv6 socket (`::ffff:10.0.0.1`) counts as what it is. */
function addressSet(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of cidrs) {
    const network = parseNetwork(text);
    if (!network) throw new TypeError(`expected an address or a CIDR such as 10.0.0.0/8, got ${JSON.stringify(text)}`);
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    return isIP(plain) !== 0 && list.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4');
  };
}

/** Deny beats allow; an absent or empty allow list allows every other. Undefined: everyone may, nothing to check. */
export function sourceRule(rules: {
  readonly allowSources?: readonly string[];
  readonly denySources?: readonly string[];
}): ((address: string) => boolean) | undefined {
  const { allowSources = [], denySources = [] } = rules;
  if (allowSources.length === 0 && denySources.length === 0) return undefined;
  const allowed = addressSet(allowSources);
  const denied = addressSet(denySources);
  return (address) => !denied(address) && (allowSources.length === 0 || allowed(address));
}
