/** `--timeout NAME=DURATION` and `--limit NAME=COUNT`, by the names of the table of settings. */
import { flagName, LIMITS, TIMEOUTS } from '#proxies/config/settings.ts';
import type { Limits, Timeouts } from '#proxies/config/intent.ts';
import { UsageError } from '#bench/model/errors.ts';
import { parseDuration, parseInteger } from './flags.ts';
import { known } from './nearest.ts';

/** What a timer takes: about 24 days. */
const LONGEST = 2 ** 31 - 1;

export const parseTimeouts = (texts: readonly string[]): Partial<Timeouts> =>
  parseAll('--timeout', texts, Object.keys(TIMEOUTS), (flag, text) => parseDuration(flag, text, 0, LONGEST));

export const parseLimits = (texts: readonly string[]): Partial<Limits> =>
  parseAll('--limit', texts, Object.keys(LIMITS), (flag, text) =>
    text === 'none' ? Number.MAX_SAFE_INTEGER : parseInteger(flag, text, 0, Number.MAX_SAFE_INTEGER),
  );

/** Where a name is given twice the last one holds. */
function parseAll(
  flag: string,
  texts: readonly string[],
  keys: readonly string[],
  parse: (flag: string, text: string) => number,
): Readonly<Record<string, number>> {
  const byName = new Map(keys.map((key) => [flagName(key), key]));
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at === -1)
        throw new UsageError(`${flag} ${text}: expected NAME=VALUE; names are ${[...byName.keys()].join(', ')}`);
      const name = known(flag.slice(2), text.slice(0, at), [...byName.keys()]);
      return [byName.get(name)!, parse(`${flag} ${name}=`, text.slice(at + 1))];
    }),
  );
}
