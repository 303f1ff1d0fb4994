/** Parts that the schemas of several filters have in common, each with words for who got one wrong. */
import { z } from 'zod';
import { parseNetwork } from '../config/network.ts';
import { isFieldValue, isToken } from '../http/field-block.ts';
import { fieldNumber, framingFields, hopFields, OTHER } from '../http/fields.ts';

export const networks = z
  .array(
    z.string().refine((text) => parseNetwork(text) !== undefined, 'expected an address or a CIDR such as 10.0.0.0/8'),
  )
  .min(1, 'expected one network at least');

/** A field that filters may read and write: the framing, and what is for one hop, is the proxy's own. */
export const fieldName = z
  .string()
  .refine(isToken, 'expected a field name (RFC 9110 §5.1)')
  .refine((name) => {
    const id = fieldNumber(name.toLowerCase());
    return id === OTHER || ((framingFields | hopFields) & (1 << id)) === 0;
  }, 'expected a field that goes from end to end: this one is the proxy’s own');

export const fieldValue = z
  .string()
  .refine((text) => isFieldValue(text) && /^[\t\x20-\x7e]*$/.test(text), 'expected a field value in visible ASCII');

/** Milliseconds, at most what a timer takes. */
export const millis = z
  .number()
  .positive()
  .max(2 ** 31 - 1);

export const positive = z.int().min(1, 'expected a positive integer');

export const token = z.string().refine(isToken, 'expected a token (RFC 9110 §5.6.2)');

/** What stands between the quotes of a challenge. */
export const realmText = z
  .string()
  .regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/, 'expected visible ASCII without " and \\');
