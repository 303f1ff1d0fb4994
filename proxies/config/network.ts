/** Addresses and networks as text (RFC 4632, RFC 4291 §2.3). */
import { BlockList, isIP } from 'node:net';
import { canonicalAddress } from './ip-address.ts';

export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
  /** Written without a prefix length. */
  readonly isAddress: boolean;
}

/** `10.0.0.0/8`, `fe80::/10`, or one address. Undefined where it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined || address.includes('%')) return undefined;
  const longest = version === 4 ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? longest : Number(length);
  if (prefix > longest) return undefined;
  const isAddress = length === undefined;
  const canonical = canonicalAddress(address);
  // Of what is mapped into IPv6, the last 32 bits are an IPv4 network.
  const isMapped = version === 6 && isIP(canonical) === 4;
  if (isMapped && prefix >= 96) return { address: canonical, prefix: prefix - 96, family: 'ipv4', isAddress };
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6', isAddress };
}

/** Whether an address, however it is written, lies in one of the networks. Throws `TypeError` for what is no network. */
export function addressSet(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of cidrs) {
    const network = parseNetwork(text);
    if (!network) throw new TypeError(`expected an address or a CIDR such as 10.0.0.0/8, got ${JSON.stringify(text)}`);
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return (text) => {
    const address = canonicalAddress(text);
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}
