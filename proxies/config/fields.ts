/**
 * Reads an unknown tree field by field, as protobuf's JSON mapping has it: names in snake_case or camelCase, enums in any case,
 * numbers also in quotes, one value where a list of one is meant. What nobody asked for is a problem by its full path, so
 * nothing in a configuration is ever silently ignored; so is what has the wrong type. Reading goes on after a problem, to tell all of
 * them at once.
 */
import type { Key, Source } from './source.ts';

/** protobuf.dev/programming-guides/json: lowerCamelCase and the original name are both read. Names with dots are data and stay. */
const snakeCase = (key: string): string =>
  /^[a-z][A-Za-z0-9]*$/.test(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;

/** What yaml-cpp takes for a boolean. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', 'y'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', 'n'].map((word) => [word, false] as const),
]);

export class Fields {
  readonly #keys: readonly Key[];
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #source: Source;
  /** As they are written, by the names by which they are asked for. */
  readonly #spelling = new Map<string, string>();
  readonly #unread: Set<string>;
  readonly #children: Fields[] = [];

  constructor(keys: readonly Key[], value: unknown, source: Source) {
    this.#keys = keys;
    this.#source = source;
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#record = isRecord ? (value as Record<string, unknown>) : {};
    const written = Object.keys(this.#record);
    this.#unread = new Set(written);
    if (!isRecord) this.refuse('', `expected a mapping, got ${describe(value)}`);
    for (const key of written) {
      const name = Object.hasOwn(this.#record, snakeCase(key)) ? key : snakeCase(key);
      if (this.#spelling.has(name)) this.refuse(key, `is the same field as ${this.#spelling.get(name)}`);
      this.#spelling.set(name, key);
    }
  }

  /** `''` is the whole. */
  refuse(key: string, message: string): void {
    this.#source.refuse(this.#at(key), message);
  }

  /** `word`: what of the field is not known here. */
  unsupported(key: string, word = key): void {
    this.#source.unsupported(this.#at(key), word, undefined, key);
  }

  /** What is written as null is not there, as in protobuf; its name must be known all the same. */
  has(key: string): boolean {
    const isThere = this.#peek(key) !== undefined;
    if (!isThere) this.#take(key);
    return isThere;
  }

  /** Names that are there, as they are written; for mappings whose keys are data. */
  get names(): readonly string[] {
    return [...this.#spelling.values()];
  }

  /** Unread fields, its own and below, become problems. To be called once, at the end. */
  close(): void {
    for (const key of this.#unread) this.#source.unsupported(this.#at(key), snakeCase(key));
    for (const child of this.#children) child.close();
  }

  /** Nothing more is to be said of it, for it was refused as a whole. */
  leave(): void {
    this.#unread.clear();
    this.#children.length = 0;
  }

  /** Reads it without using it: a name for people. */
  skip(...keys: string[]): void {
    for (const key of keys) this.#take(key);
  }

  /** Reads it without using it, and has it said that it does nothing here. */
  ignore(key: string, why: string): void {
    if (this.#take(key) !== undefined) this.note(key, `does nothing here: ${why}`);
  }

  /** Says of a field, or of the whole (`''`), what a reader may not expect. */
  note(key: string, text: string): void {
    this.#source.note(this.#at(key), key, text);
  }

  object(key: string): Fields | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : this.#child([this.#spelled(key)], value);
  }

  list(key: string): Fields[] {
    return this.#array(key).map((value, index) => this.#child([this.#spelled(key), index], value));
  }

  strings(key: string): string[] | undefined {
    if (!this.has(key)) return undefined;
    return this.#array(key).flatMap((value, index) => {
      if (typeof value === 'string') return [value];
      this.#source.refuse([...this.#at(key), index], `expected a string, got ${describe(value)}`);
      return [];
    });
  }

  string(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'string') return value;
    this.refuse(key, `expected a string, got ${describe(value)}`);
    return undefined;
  }

  number(key: string): number | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'number') return value;
    if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
    this.refuse(key, `expected a number, got ${describe(value)}`);
    return undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    const read = typeof value === 'string' ? BOOLEANS.get(value.toLowerCase()) : undefined;
    if (read === undefined) this.refuse(key, `expected true or false, got ${describe(value)}`);
    return read;
  }

  /** A protobuf duration (`0.25s`, or `{ seconds: 0, nanos: 250000000 }`) in milliseconds. */
  duration(key: string): number | undefined {
    if (typeof this.#peek(key) === 'object') {
      const parts = this.object(key);
      return (parts?.number('seconds') ?? 0) * 1000 + (parts?.number('nanos') ?? 0) / 1e6;
    }
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const seconds = typeof value === 'string' ? /^(\d+(\.\d{1,9})?)s$/.exec(value)?.[1] : undefined;
    if (seconds === undefined) this.refuse(key, `expected a duration such as 0.25s, got ${describe(value)}`);
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  }

  /** One of the words of a table, in any case; its value. */
  choice<T>(key: string, table: Readonly<Record<string, T>>): T | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') {
      this.refuse(key, `expected one of ${Object.keys(table).join(', ')}, got ${describe(value)}`);
      return undefined;
    }
    const word = Object.keys(table).find((known) => known.toLowerCase() === value.toLowerCase());
    if (word !== undefined) return table[word];
    const are = Object.keys(table).length === 1 ? 'is' : 'are';
    this.#source.unsupported(this.#at(key), value, `there ${are} ${Object.keys(table).join(', ')}`);
    return undefined;
  }

  /** The same read, and a problem where it is absent. */
  required<T>(key: string, value: T | undefined): T | undefined {
    if (!this.has(key)) this.refuse(key, 'is required');
    return value;
  }

  #at(key: string): Key[] {
    return key === '' ? [...this.#keys] : [...this.#keys, this.#spelled(key)];
  }

  #spelled(key: string): string {
    return this.#spelling.get(key) ?? key;
  }

  #peek(key: string): unknown {
    const spelling = this.#spelling.get(key);
    return (spelling === undefined ? undefined : this.#record[spelling]) ?? undefined;
  }

  #take(key: string): unknown {
    this.#unread.delete(this.#spelled(key));
    return this.#peek(key);
  }

  #array(key: string): unknown[] {
    const value = this.#take(key);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  }

  #child(keys: readonly Key[], value: unknown): Fields {
    const child = new Fields([...this.#keys, ...keys], value, this.#source);
    this.#children.push(child);
    return child;
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : JSON.stringify(value);
}
