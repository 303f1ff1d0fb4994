/** A configuration file as text, and what is to be said of it: where, by line and path, and once for each cause. */
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { IntentError, type IntentProblem } from './intent-error.ts';
import { wayOut } from './envoy-ways-out.ts';

/** One step of the way to a value. */
export type Key = string | number;

/** `static_resources.clusters[0].name`; a name with dots of its own stands in quotes. */
export const pathOf = (keys: readonly Key[]): string =>
  keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    if (key.includes('.')) return `${path}[${JSON.stringify(key)}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');

export class Source {
  /** What the text says. */
  readonly tree: unknown;
  readonly #document: Document;
  readonly #lines = new LineCounter();
  /** By cause. */
  readonly #problems = new Map<string, IntentProblem>();
  readonly #notes = new Map<string, IntentProblem>();

  /** `name` is only for messages. Throws `IntentError` where the text is no YAML. */
  constructor(text: string, name: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines });
    const [broken] = this.#document.errors;
    if (broken) throw new IntentError([{ path: name, message: broken.message.trimEnd() }]);
    this.tree = this.#document.toJS();
  }

  get problems(): readonly IntentProblem[] {
    return [...this.#problems.values()];
  }

  /** What was read and does nothing here. */
  get notes(): readonly IntentProblem[] {
    return [...this.#notes.values()];
  }

  refuse(keys: readonly Key[], message: string): void {
    const name = keys.findLast((key) => typeof key === 'string') ?? '';
    this.#add(this.#problems, `${name} ${message}`, keys, message);
  }

  /** `word`: the field or value that is not known here; `known`: what is. */
  unsupported(keys: readonly Key[], word: string, known?: string): void {
    const message = `${word} is not supported${known === undefined ? ' here' : `; ${known}`}; ${wayOut(word)}`;
    this.#add(this.#problems, message, keys, message);
  }

  /** `name` is accepted; `why` it changes nothing. */
  note(keys: readonly Key[], name: string, why: string): void {
    this.#add(this.#notes, `${name} ${why}`, keys, why);
  }

  #add(to: Map<string, IntentProblem>, cause: string, keys: readonly Key[], message: string): void {
    const line = this.#lineOf(keys);
    const known = to.get(cause);
    if (known === undefined) to.set(cause, { path: pathOf(keys), message, ...(line !== undefined && { line }) });
    else if (line !== undefined) to.set(cause, { ...known, also: [...(known.also ?? []), line] });
  }

  /** Of what the keys lead to, or of the last of its parents that is there. */
  #lineOf(keys: readonly Key[]): number | undefined {
    for (let depth = keys.length; depth > 0; depth--) {
      const node = this.#document.getIn(keys.slice(0, depth), true);
      if (isNode(node) && node.range) return this.#lines.linePos(node.range[0]).line;
    }
    return undefined;
  }
}
