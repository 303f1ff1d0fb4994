/**
 * Maglev hashing (Eisenbud et al., NSDI 2016, §3.4): a table in which every endpoint owns a share of the slots by its weight, and of
 * which few slots change owner when an endpoint comes or goes. A key is looked up by one hash.
 */
export const MAGLEV_TABLE_SIZE = 65_537;

/** FNV-1a over UTF-16 code units, finished by MurmurHash3's mixer so that near keys fall far apart. Unsigned 32 bits. */
export function hash32(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export interface MaglevEntry {
  /** What identifies the endpoint across reloads: `host:port`. */
  readonly name: string;
  readonly weight: number;
}

/** `table[hash % maglevTableSize]` is the index of the entry that owns the key. At most 65,535 entries. */
export function maglevTable(entries: readonly MaglevEntry[]): Uint16Array {
  const size = MAGLEV_TABLE_SIZE;
  const table = new Uint16Array(size);
  const taken = new Uint8Array(size);
  const offsets = entries.map(({ name }) => hash32(name, 0) % size);
  const skips = entries.map(({ name }) => (hash32(name, 0x9e3779b9) % (size - 1)) + 1);
  const heaviest = Math.max(...entries.map(({ weight }) => weight));
  const credits = entries.map(() => 0);
  for (let filled = 0; ;) {
    for (let index = 0; index < entries.length; index++) {
      // The heaviest takes a slot in every turn, the others in proportion.
      credits[index]! += entries[index]!.weight / heaviest;
      if (credits[index]! < 1) continue;
      credits[index]!--;
      let slot = offsets[index]!;
      while (taken[slot] === 1) slot = (slot + skips[index]!) % size;
      offsets[index] = (slot + skips[index]!) % size;
      taken[slot] = 1;
      table[slot] = index;
      if (++filled === size) return table;
    }
  }
}
