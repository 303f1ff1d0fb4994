/** A configuration file as text, and what is to be said of it: where, by line and path, and once for each cause. */
import { type Document, isNode, isScalar, LineCounter, type Pair, parseDocument, visit } from 'yaml';
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

/** Keys of a mapping are text: `1` and `"1"` are one. */
const textOf = ({ key }: Pair): string | undefined => (isScalar(key) ? String(key.value) : undefined);

const inOrder = (causes: ReadonlyMap<string, IntentProblem>): IntentProblem[] =>
  [...causes.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));

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
    // Tags and YAML 1.1 would make sets, dates and bytes of values: text, numbers, lists and mappings are all that Envoy reads.
    const strict = { schema: 'core', resolveKnownTags: false, uniqueKeys: false } as const;
    this.#document = parseDocument(text, { ...strict, lineCounter: this.#lines });
    const [broken] = [...this.#document.errors, ...this.#document.warnings];
    if (broken) throw new IntentError([{ path: name, message: broken.message.trimEnd() }]);
    this.#checkKeys(name);
    try {
      this.tree = this.#document.toJS();
    } catch (error) {
      throw new IntentError([{ path: name, message: (error as Error).message }]); // of aliases: to nothing, or to ever more
    }
  }

  get problems(): readonly IntentProblem[] {
    return inOrder(this.#problems);
  }

  /** What was read and does nothing here. */
  get notes(): readonly IntentProblem[] {
    return inOrder(this.#notes);
  }

  refuse(keys: readonly Key[], message: string): void {
    const name = keys.findLast((key) => typeof key === 'string') ?? '';
    this.#add(this.#problems, `${name} ${message}`, keys, message);
  }

  /** `word`: the field or value that is not known here; `known`: what is; `topic`: by what name there is a way out. */
  unsupported(keys: readonly Key[], word: string, known?: string, topic = word): void {
    const message = `${word} is not supported${known === undefined ? ' here' : `; ${known}`}; ${wayOut(topic)}`;
    this.#add(this.#problems, message, keys, message);
  }

  /** `name` is accepted; `why` it changes nothing. */
  note(keys: readonly Key[], name: string, why: string): void {
    this.#add(this.#notes, `${name} ${why}`, keys, why);
  }

  /** Throws where a key is no text, or there twice in one mapping. */
  #checkKeys(name: string): void {
    visit(this.#document, {
      Map: (_, { items, range }) => {
        const seen = new Set<string>();
        for (const pair of items) {
          const key = textOf(pair as Pair);
          const at = (isNode(pair.key) && pair.key.range) || range;
          const message =
            key === undefined
              ? 'a key must be plain text'
              : seen.has(key)
                ? `${key} is there twice in one mapping`
                : '';
          const line = at ? { line: this.#lines.linePos(at[0]).line } : {};
          if (message !== '') throw new IntentError([{ path: name, message, ...line }]);
          seen.add(key!);
        }
      },
    });
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
