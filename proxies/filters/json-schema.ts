/** Whether a JSON body is as a JSON Schema (draft 7) wants it, in time that its length bounds: ajv, with patterns matched in linear time. */
import { createRequire } from 'node:module';
import type * as Validator from 'ajv';
import { compileSearch } from '../http/pattern.ts';

const require = createRequire(import.meta.url);

/** Items that are compared each with each. */
const MOST_UNIQUE = 1000;

const linear = Object.assign(
  (pattern: string): { test(text: string): boolean } => {
    const finds = compileSearch(pattern);
    return { test: (text) => finds(text) };
  },
  { code: 'linear' },
);

/** Compares items each with each: the schema has to say how many there may be. */
function refuseUnbounded(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { uniqueItems, maxItems } = schema as { readonly uniqueItems?: unknown; readonly maxItems?: unknown };
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= MOST_UNIQUE))
    throw new TypeError(
      `jsonSchema: uniqueItems needs maxItems of ${MOST_UNIQUE} at most, for it compares each with each`,
    );
  for (const part of Object.values(schema)) refuseUnbounded(part);
}

/** What is wrong with a body; undefined: nothing. Throws `TypeError` for what is no schema. */
export function compileSchema(schema: object): (content: Buffer) => string | undefined {
  refuseUnbounded(schema);
  // Loaded where an intent has a schema, and nowhere else: it takes megabytes.
  const { Ajv } = require('ajv') as typeof Validator;
  let validate: Validator.ValidateFunction;
  try {
    validate = new Ajv({ code: { regExp: linear as never }, unicodeRegExp: false }).compile(schema);
  } catch (error) {
    throw new TypeError(`jsonSchema: ${(error as Error).message}`, { cause: error });
  }
  return (content) => {
    let value: unknown;
    try {
      value = JSON.parse(content.toString('utf8'));
      if (validate(value)) return undefined;
    } catch (error) {
      // No JSON, or so deep that a schema that holds itself finds no end.
      return (error as Error).message;
    }
    const [problem] = validate.errors ?? [];
    return `${problem?.instancePath || 'the body'} ${problem?.message ?? 'is not as the schema wants it'}`;
  };
}
