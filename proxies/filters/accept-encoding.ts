/** Which content coding a client prefers (RFC 9110 §12.5.3). */

const ELEMENT = /^([!#$%&'*+\-.^_`|~\w]+)[ \t]*(?:;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/i;

/** Weights by coding in lower case; undefined for what the grammar does not know. */
export function weightsOf(header: string): ReadonlyMap<string, number> | undefined {
  const weights = new Map<string, number>();
  for (const element of header.split(',')) {
    const text = element.trim();
    if (text === '') continue; // RFC 9110 §5.6.1.2
    const parts = ELEMENT.exec(text);
    if (parts === null) return undefined;
    const name = parts[1]!.toLowerCase().replace(/^x-gzip$/, 'gzip');
    // Named twice: what allows less holds.
    weights.set(name, Math.min(weights.get(name) ?? 1, parts[2] === undefined ? 1 : Number(parts[2])));
  }
  return weights;
}

/** The best of `offered`, which is in our own order of preference; undefined: the content as it is. */
export function chooseCoding<Coding extends string>(
  header: string | undefined,
  offered: readonly Coding[],
): Coding | undefined {
  const weights = header === undefined ? undefined : weightsOf(header);
  if (weights === undefined) return undefined;
  const others = weights.get('*') ?? 0;
  let best: Coding | undefined;
  let weight = weights.get('identity') ?? 0;
  for (const coding of offered) {
    const own = weights.get(coding) ?? others;
    if (own > 0 && (best === undefined ? own >= weight : own > weight)) [best, weight] = [coding, own];
  }
  return best;
}
