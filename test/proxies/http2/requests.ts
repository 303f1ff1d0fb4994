/** Header blocks of tests: literals without indexing, in plain text, so that each can be decoded alone. */
import type { FieldSection } from '#proxies/http2/field-section.ts';
import { sectionOf } from './hpack-streams.ts';

export type Pairs = readonly (readonly [name: string, value: string])[];

export const GET: Pairs = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.example'],
];
export const POST: Pairs = [[':method', 'POST'], ...GET.slice(1)];
export const OK: Pairs = [[':status', '200']];

export function block(pairs: Pairs): Buffer {
  const text = (value: string): Buffer => {
    const length =
      value.length < 127 ? [value.length] : [127, ((value.length - 127) & 127) | 128, (value.length - 127) >> 7];
    return Buffer.concat([Buffer.from(length), Buffer.from(value, 'latin1')]);
  };
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export const section = (pairs: Pairs): FieldSection => sectionOf(pairs.map(([name, value]) => [name, value, false]));
