/** What the parts of an intent are made of. */
import { z } from 'zod';
import { parseNetwork } from './network.ts';

/** RFC 9110 §5.6.2. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5, without obs-text: what we are told to write must be beyond doubt. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;
const HOST_LABEL = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const hostName = new RegExp(`^${HOST_LABEL}(\\.${HOST_LABEL})*\\.?$`);
const hostPattern = new RegExp(`^(\\*|(\\*\\.)?${HOST_LABEL}(\\.${HOST_LABEL})*)$`);

export const millis = z
  .number()
  .nonnegative()
  .max(2 ** 31 - 1);
export const count = z.int().nonnegative();
export const name = z.string().min(1, 'a name cannot be empty');
export const port = z.int().min(0).max(65_535);
export const weight = z.int().min(1, 'a weight is a positive integer').max(1_000_000);
export const fieldName = z.string().regex(TOKEN, 'not a field name (RFC 9110 §5.1)');
export const fieldText = z.string().regex(FIELD_VALUE, 'not a field value: visible ASCII, spaces and tabs only');
export const pattern = z.string().regex(hostPattern, 'expected a host name, *.suffix or *');
export const cidr = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, 'expected an address or a CIDR such as 10.0.0.0/8');

export const host = z
  .string()
  .refine(
    (text) => hostName.test(text) || parseNetwork(text)?.isAddress === true,
    'expected a host name or an IP address',
  );
export const listening = z.strictObject({ host, port });
export const endpoint = z.strictObject({ host, port: port.min(1), weight: weight.optional() });
/** Of a whole, which it may be. */
export const share = z.number().min(0, 'expected a share from 0 to 1').max(1, 'expected a share from 0 to 1');
/** Milliseconds of something that has to have an end. */
export const span = millis.positive('expected milliseconds, more than 0');
