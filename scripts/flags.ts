/** Flag texts → values, each with bounds and an error that says what was expected, what came and what to do. */
import type { Endpoint } from '#proxies/config/intent.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import { UsageError } from '#bench/model/errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `1500ms`, `2s`, `1.5s`, `2m`, `1h`; a bare number is seconds. */
export function parseDuration(flag: string, text: string, least: number, most: number): Millis {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const value = match ? Number(match[1]) * UNITS[match[2] ?? 's']! : NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(
      `${flag} ${text}: expected a duration from ${least} ms to ${most / 1_000} s, such as 1500ms, 2s or 1m`,
    );
  return millis(value);
}

export function parseInteger(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`${flag} ${text}: expected a whole number from ${least} to ${most}`);
  return value;
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`. */
export function parseEndpoint(flag: string, text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    throw new UsageError(`${flag} ${text}: expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080`);
  return { host: (match[1] ?? match[2])!, port };
}

export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
