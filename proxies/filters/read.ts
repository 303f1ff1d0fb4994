/** Settings of filters as their own schemas read them. */
import { IntentError } from '../config/intent-error.ts';
import type { ConfiguredFilter, FilterDefinition } from './contract.ts';
import { FILTERS } from './registry.ts';

/**
 * By name; undefined for what is switched off. `path`: where the settings stand in the intent.
 * @throws IntentError with all that is wrong of one filter.
 */
export function readSettings(
  settings: object | undefined,
  path = 'filters',
  definitions: readonly FilterDefinition<unknown>[] = FILTERS,
): ReadonlyMap<string, unknown> {
  const found = Object.entries(settings ?? {}).filter(([, value]) => value !== undefined) as [string, unknown][];
  return new Map(
    found.map(([name, value]) => [name, value === null ? undefined : parse(name, value, path, definitions)]),
  );
}

function parse(name: string, value: unknown, path: string, definitions: readonly FilterDefinition<unknown>[]): unknown {
  const configurable = definitions.filter((one): one is ConfiguredFilter<unknown> => 'schema' in one);
  const definition = configurable.find((one) => one.name === name);
  if (definition === undefined) {
    const names = configurable.map((one) => one.name).join(', ');
    throw new IntentError([{ path: `${path}.${name}`, message: `there is no such filter; there are: ${names}` }]);
  }
  const parsed = definition.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new IntentError(
    parsed.error.issues.map((issue) => ({
      path: [path, name, ...issue.path.map(String)].join('.'),
      message: issue.message,
    })),
  );
}
