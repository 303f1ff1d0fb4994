/** Intents by chance, and the places they have, both from the schema: a second source beside the types. */
import fc from 'fast-check';
import { z } from 'zod';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { intentShape } from '#proxies/config/schema.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number;
  readonly minItems?: number;
}

const schema = z.toJSONSchema(intentShape) as Schema;

/** What rows of one value only are about, among others. */
const TEXTS = ['*', 'http/1.1', 'h2', '/a', 'a,b', ''];

function valuesOf(of: Schema): fc.Arbitrary<unknown> {
  const { type, properties = {}, required = [], items, oneOf } = of;
  const closed = closedValues(of);
  if (closed) return fc.constantFrom(...closed);
  if (oneOf) return fc.oneof(...oneOf.map(valuesOf));
  if (type === 'array') return fc.array(valuesOf(items!), { minLength: of.minItems ?? 0, maxLength: 3 });
  if (type === 'object')
    return fc.record(Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, valuesOf(value)])), {
      requiredKeys: [...required],
    });
  return type === 'string' ? fc.constantFrom(...TEXTS) : fc.constantFrom(1, 2);
}

const closedValues = ({ type, enum: values, const: value }: Schema): readonly unknown[] | undefined =>
  values ?? (value !== undefined ? [value] : type === 'boolean' ? [true, false] : undefined);

export const intents = valuesOf(schema) as fc.Arbitrary<ProxyIntent>;

/** Every place of the schema, as the rows of the table are written. */
export function placesOf(of: Schema = schema, at = '', isOptional = false): string[] {
  const { type, properties = {}, required = [], items, oneOf } = of;
  const closed = closedValues(of);
  if (closed) return closed.map((value) => `${at}=${value as string}`);
  if (oneOf) return [...(isOptional ? [at] : []), ...oneOf.flatMap((one) => placesOf(one, at))];
  if (type === 'array') return [...(isOptional ? [at] : []), ...placesOf(items!, `${at}[]`)];
  if (type !== 'object') return [at];
  const { kind, ...others } = properties;
  const tagged = kind === undefined ? at : `${at}(${kind.const})`;
  return [
    ...(isOptional ? [at] : []),
    ...(kind === undefined ? [] : [tagged]),
    ...Object.entries(others).flatMap(([key, value]) =>
      placesOf(value, tagged === '' ? key : `${tagged}.${key}`, !required.includes(key)),
    ),
  ];
}

/** Paths of all scalars, and of what is empty, by nothing but the value itself. */
export function leavesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const children = Array.isArray(value)
    ? value.map((element, i) => [element, `${path}[${i}]`] as const)
    : Object.entries(value).map(([key, field]) => [field, path === '' ? key : `${path}.${key}`] as const);
  return children.length === 0 ? [path] : children.flatMap(([child, at]) => leavesOf(child, at));
}
