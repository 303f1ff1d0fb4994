/** A reliability case: what must hold at any size is asserted, what depends on the machine is told as a figure. */
export interface SoakCase<Size extends object = never> {
  readonly name: string;
  readonly summary: string;
  /** What CI can afford, in seconds. */
  readonly ci: Size;
  readonly full: Size;
  /** Rejects with an `AssertionError` where it does not hold. `strict`: times are asserted, too. */
  run(size: Size, strict: boolean): Promise<Figures>;
}

export type Figures = Readonly<Record<string, string | number>>;

/** The value below which `share` of them lie. Sorts in place. */
export function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
}
