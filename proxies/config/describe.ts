/** An intent as the report shows it: everything it says, its secrets aside. */
import type { ProxyIntent } from './intent.ts';

const secrets: ReadonlyMap<string, string> = new Map([
  ['key', '(private key)'],
  ['ticketKeys', '(ticket keys)'],
]);

export function describeIntent(intent: ProxyIntent): string {
  return JSON.stringify(intent, (name, value: unknown) => secrets.get(name) ?? value, 2);
}
