/** Addresses and networks as text (RFC 4632, RFC 4291 §2.3). */
import { isIP } from 'node:net';

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
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6', isAddress: length === undefined };
}
