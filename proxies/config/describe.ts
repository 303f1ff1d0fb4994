/** An intent as the report shows it: everything it says, its secrets aside. */
import type { ProxyIntent } from './intent.ts';

const SECRETS: ReadonlyMap<string, string> = new Map([
  ['key', '(private key)'],
  ['ticketKeys', '(ticket keys)'],
  ['secret', '(secret)'], // of tokens
  ['users', '(names and passwords)'],
]);

export function describeIntent(intent: ProxyIntent): string {
  return JSON.stringify(
    intent,
    (name, value: unknown) =>
      name === 'api-key' && value ? { ...value, keys: '(keys)' } : (SECRETS.get(name) ?? value),
    2,
  );
}
