/** Branded units, made here and nowhere else: a number that has one cannot be taken for another. */
import { z } from 'zod';

export const Nanos = z.number().nonnegative().brand<'Nanos'>();
export type Nanos = z.infer<typeof Nanos>;
export const Micros = z.number().brand<'Micros'>();
export type Micros = z.infer<typeof Micros>;
export const Millis = z.number().nonnegative().brand<'Millis'>();
export type Millis = z.infer<typeof Millis>;
export const PerSecond = z.number().nonnegative().brand<'PerSecond'>();
export type PerSecond = z.infer<typeof PerSecond>;
export const Bytes = z.number().int().nonnegative().brand<'Bytes'>();
export type Bytes = z.infer<typeof Bytes>;
/** Milliseconds since the Unix epoch, with a fraction. */
export const EpochMillis = z.number().nonnegative().brand<'EpochMillis'>();
export type EpochMillis = z.infer<typeof EpochMillis>;

export const micros = (n: number): Micros => n as Micros;
export const millis = (n: number): Millis => n as Millis;
export const perSecond = (n: number): PerSecond => n as PerSecond;
export const bytes = (n: number): Bytes => n as Bytes;
export const epochMillis = (n: number): EpochMillis => n as EpochMillis;
