/**
 * Reads an unknown tree field by field. What nobody asked for is a problem by its full path, so nothing in a configuration is ever
 * silently ignored; so is what has the wrong type. Reading goes on after a problem, to tell all of them at once.
 */
import type { IntentProblem } from './intent-error.ts';

export class Fields {
  readonly path: string;
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #problems: IntentProblem[];
  readonly #unread: Set<string>;
  readonly #children: Fields[] = [];

  constructor(path: string, value: unknown, problems: IntentProblem[]) {
    this.path = path;
    this.#problems = problems;
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isRecord) this.refuse('', `expected a mapping, got ${describe(value)}`);
    this.#record = isRecord ? (value as Record<string, unknown>) : {};
    this.#unread = new Set(Object.keys(this.#record));
  }

  /** The path of one of its fields, or its own. */
  at(key: string): string {
    if (key === '') return this.path;
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  refuse(key: string, message: string): void {
    this.#problems.push({ path: this.at(key), message });
  }

  has(key: string): boolean {
    return this.#record[key] !== undefined && this.#record[key] !== null;
  }

  /** Unread fields, its own and below, become problems. To be called once, at the end. */
  close(): void {
    for (const key of this.#unread) this.refuse(key, `${key} is not supported here`);
    for (const child of this.#children) child.close();
  }

  /** Reads it without using it: a name for people. */
  skip(...keys: string[]): void {
    for (const key of keys) this.#unread.delete(key);
  }

  object(key: string): Fields | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : this.#child(this.at(key), value);
  }

  list(key: string): Fields[] {
    return this.#array(key).map((value, index) => this.#child(`${this.at(key)}[${index}]`, value));
  }

  strings(key: string): string[] | undefined {
    if (!this.has(key)) return undefined;
    return this.#array(key).flatMap((value, index) => {
      if (typeof value === 'string') return [value];
      this.refuse(`${key}[${index}]`, `expected a string, got ${describe(value)}`);
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
    this.refuse(key, `expected a number, got ${describe(value)}`);
    return undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.refuse(key, `expected true or false, got ${describe(value)}`);
    return undefined;
  }

  /** A protobuf duration (`0.25s`) in milliseconds. */
  duration(key: string): number | undefined {
    const text = this.string(key);
    if (text === undefined) return undefined;
    const seconds = /^(\d+(\.\d{1,9})?)s$/.exec(text)?.[1];
    if (seconds === undefined) this.refuse(key, `expected a duration such as 0.25s, got ${describe(text)}`);
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  }

  /** One of the words of a table; its value. */
  choice<T>(key: string, table: Readonly<Record<string, T>>): T | undefined {
    const word = this.string(key);
    if (word === undefined) return undefined;
    if (!Object.hasOwn(table, word))
      this.refuse(
        key,
        `${word} is not supported; there ${Object.keys(table).length === 1 ? 'is' : 'are'} ${Object.keys(table).join(', ')}`,
      );
    return table[word];
  }

  /** The same read, and a problem where it is absent. */
  required<T>(key: string, value: T | undefined): T | undefined {
    if (!this.has(key)) this.refuse(key, 'is required');
    return value;
  }

  #take(key: string): unknown {
    this.#unread.delete(key);
    return this.has(key) ? this.#record[key] : undefined;
  }

  #array(key: string): unknown[] {
    const value = this.#take(key);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.refuse(key, `expected a list, got ${describe(value)}`);
    return [];
  }

  #child(path: string, value: unknown): Fields {
    const child = new Fields(path, value, this.#problems);
    this.#children.push(child);
    return child;
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : JSON.stringify(value);
}
