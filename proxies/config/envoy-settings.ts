/**
 * Limits and timeouts for which Envoy has no name, or another: in a listener's metadata, where Envoy lets everybody write what is
 * theirs, `metadata: { filter_metadata: { hopcost: { timeout: { half-closed: 5s }, limit: { pipelined: 8 } } } }`.
 */
import type { Fields } from './fields.ts';
import type { Limits, Timeouts } from './intent.ts';
import { flagName, LIMITS, TIMEOUTS } from './settings.ts';

interface Settings {
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
}

export function readSettings(listener: Fields): Settings {
  const own = listener.object('metadata')?.object('filter_metadata')?.object('hopcost');
  const timeout = own?.object('timeout');
  const limit = own?.object('limit');
  return {
    ...(timeout && { timeouts: readAll(TIMEOUTS, (name) => timeout.duration(name)) }),
    ...(limit && { limits: readAll(LIMITS, (name) => limit.number(name)) }),
  };
}

const readAll = <K extends string>(
  table: Readonly<Record<K, unknown>>,
  read: (name: string) => number | undefined,
): Partial<Record<K, number>> =>
  Object.fromEntries(
    Object.keys(table).flatMap((key) => {
      const value = read(flagName(key));
      return value === undefined ? [] : [[key, value]];
    }),
  ) as Partial<Record<K, number>>;
