/** An intent as the report shows it: everything it says, its private keys aside. */
import type { ProxyIntent } from './intent.ts';

export function describeIntent(intent: ProxyIntent): string {
  return JSON.stringify(intent, (name, value: unknown) => (name === 'key' ? '(private key)' : value), 2);
}
