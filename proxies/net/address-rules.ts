/** Which client addresses may connect, by CIDR (RFC 4632; RFC 4291 §2.3). */
import { addressSet } from '../config/network.ts';

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
