/**
 * One budget as a person writes it, 'l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest', and its reader. The grammar, blanks free
 * around operators:
 *
 *     budget   = figure ( '<=' | '≤' | '<' | '>=' | '≥' | '>' ) bound
 *     bound    = figure [ '*' factor ] | factor '*' figure | number unit
 *     figure   = subject '.' metric [ '@' scenario ]
 *     factor   = number [ '%' ]
 *
 * Anything else is refused with its place, what was expected and what came.
 */
import { METRIC_NAMES, metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import type { Unit } from '#bench/analysis/words/quantity.ts';

const QUANTILES = ['P50', 'P90', 'P99', 'P999'] as const;
type Quantile = (typeof QUANTILES)[number];
type AddedName = `added${'' | 'Service' | 'Response'}${Quantile}`;

/** A subject's quantile less that of direct in the same round; of several, the first that the run can tell. */
export const ADDED = Object.fromEntries(
  QUANTILES.flatMap((q): [AddedName, readonly MetricName[]][] => [
    [`added${q}`, [`response${q}`, `service${q}`]],
    [`addedResponse${q}`, [`response${q}`]],
    [`addedService${q}`, [`service${q}`]],
  ]),
) as Readonly<Record<AddedName, readonly MetricName[]>>;

export type BudgetMetric = MetricName | AddedName;
export const isAdded = (name: BudgetMetric): name is AddedName => name in ADDED;
const BUDGET_METRICS: readonly BudgetMetric[] = [...METRIC_NAMES, ...(Object.keys(ADDED) as AddedName[])];

/** For the editor: the left side names a metric that exists. All of it is checked when it is read. */
export type BudgetText = `${string}.${BudgetMetric}${string}`;

export const unitOf = (name: BudgetMetric): Unit => (isAdded(name) ? 'µs' : metric(name).unit);

export interface Figure {
  readonly subject: string;
  readonly metric: BudgetMetric;
  /** Absent: where this metric of this subject is told best. */
  readonly scenario?: string;
}

export interface Budget {
  /** As written. */
  readonly text: string;
  readonly left: Figure;
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly right:
    | { readonly kind: 'constant'; readonly value: number }
    | { readonly kind: 'figure'; readonly factor: number; readonly figure: Figure };
}

/** Names that a budget may use. */
export interface BudgetNames {
  readonly subjects: readonly string[];
  readonly scenarios: readonly string[];
}

/** Not a budget. `name` and `known`: a name that does not exist, and those that do. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
  /** Of what came, from 1. */
  readonly column: number;
  readonly unknown?: { readonly name: string; readonly known: readonly string[] };
  constructor(text: string, at: number, problem: string, unknown?: { name: string; known: readonly string[] }) {
    super(`'${text}' at ${at + 1}: ${problem}`);
    this.column = at + 1;
    if (unknown) this.unknown = unknown;
  }
}

/** Per unit of a metric: how a number may be written, and what that is in the unit. */
const WRITTEN: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  µs: { ns: 1e-3, µs: 1, us: 1, ms: 1e3, s: 1e6 },
  ns: { ns: 1, µs: 1e3, us: 1e3, ms: 1e6, s: 1e9 },
  '/s': { '/s': 1 },
  B: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  'B/connection': { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  instructions: { '': 1, k: 1e3, M: 1e6 },
  'per request': { '': 1 },
  share: { '%': 1e-2 },
  ratio: { '': 1 },
};

const OPERATORS: Readonly<Record<string, Budget['operator']>> = {
  '<=': '<=',
  '≤': '<=',
  '<': '<',
  '>=': '>=',
  '≥': '>=',
  '>': '>',
};

/** Throws `BudgetError`. */
export function parseBudget(text: string, names: BudgetNames): Budget {
  const reader = new Reader(text);
  const left = figureOf(reader, names);
  const operator = operatorOf(reader);
  const right = boundOf(reader, left, names);
  reader.end();
  return { text, left, operator, right };
}

function operatorOf(reader: Reader): Budget['operator'] {
  reader.blanks();
  const written = reader.take(/[<>]=?|[≤≥]/y) ?? reader.fail('expected <=, <, >= or >');
  return OPERATORS[written]!;
}

function boundOf(reader: Reader, left: Figure, names: BudgetNames): Budget['right'] {
  reader.blanks();
  if (reader.sees(FIGURE_AHEAD)) {
    const figure = comparable(reader, left, names);
    return { kind: 'figure', factor: reader.takes(TIMES) ? factorOf(reader) : 1, figure };
  }
  const at = reader.at;
  const number = numberOf(reader, 'a number or subject.metric');
  const unit = unitWritten(reader);
  if (reader.takes(TIMES)) {
    const factor = asFactor(reader, at, number, unit);
    return { kind: 'figure', factor, figure: comparable(reader, left, names) };
  }
  const written = WRITTEN[unitOf(left.metric)];
  const size = Object.hasOwn(written, unit.text) ? written[unit.text] : undefined;
  if (size === undefined) {
    const units = Object.keys(written).map((name) => (name === '' ? 'no unit' : name));
    return reader.fail(`expected the unit of ${left.metric} (${units.join(', ')})`, unit.at);
  }
  return { kind: 'constant', value: number * size };
}

/** The right side's figure: of the same unit as the left one's, and another one. */
function comparable(reader: Reader, left: Figure, names: BudgetNames): Figure {
  reader.blanks();
  const at = reader.at;
  const right = figureOf(reader, names);
  if (left.metric === 'errorShare' || right.metric === 'errorShare')
    throw reader.error('expected a number: errorShare is held against a constant, such as 0.1 %', at);
  const [l, r] = [unitOf(left.metric), unitOf(right.metric)];
  if (l !== r) throw reader.error(`expected a figure in ${l} like ${left.metric}, but ${right.metric} is in ${r}`, at);
  if (left.subject === right.subject && left.metric === right.metric && left.scenario === right.scenario)
    throw reader.error(`expected another figure than that of the left side`, at);
  return right;
}

const NAME = /[A-Za-z0-9][\w-]*/y;
/** A name with a dot and a letter: '2.5' is none. */
const FIGURE_AHEAD = /[A-Za-z0-9][\w-]*\.[A-Za-z]|[A-Za-z]/y;
const TIMES = /[*×]/y;

function figureOf(reader: Reader, { subjects, scenarios }: BudgetNames): Figure {
  reader.blanks();
  const at = reader.at;
  const subject = reader.known('a subject', NAME, subjects);
  if (!reader.takesHere(/\./y)) reader.fail(`expected '.' and a metric after ${subject}`);
  const name = reader.known('a metric', NAME, BUDGET_METRICS) as BudgetMetric;
  if (subject === 'direct' && !isOfDirect(name))
    throw reader.error(`expected a metric that direct has; it has no proxy and so no ${name}`, at);
  if (!reader.takesHere(/@/y)) return { subject, metric: name };
  return { subject, metric: name, scenario: reader.known('a scenario', NAME, scenarios) };
}

const isOfDirect = (name: BudgetMetric): boolean =>
  !isAdded(name) && (metric(name).versusDirect !== undefined || name === 'errorShare');

function numberOf(reader: Reader, expected: string): number {
  reader.blanks();
  const at = reader.at;
  const value = Number(reader.take(/\d+(?:\.\d+)?(?![\w.]*\.)/y) ?? reader.fail(`expected ${expected}`));
  if (!Number.isFinite(value)) throw reader.error('expected a number of ordinary size', at);
  return value;
}

interface Written {
  readonly text: string;
  readonly at: number;
}

function unitWritten(reader: Reader): Written {
  reader.blanks();
  const { at } = reader;
  // The micro sign and the Greek letter look alike.
  const text = (reader.take(/[A-Za-zµμ%/]+/y) ?? '').replaceAll('μ', 'µ');
  return { text, at };
}

function factorOf(reader: Reader): number {
  reader.blanks();
  const { at } = reader;
  const number = numberOf(reader, 'a number');
  return asFactor(reader, at, number, unitWritten(reader));
}

function asFactor(reader: Reader, at: number, number: number, unit: Written): number {
  if (unit.text !== '' && unit.text !== '%') return reader.fail('expected a factor without a unit, or with %', unit.at);
  if (number === 0) throw reader.error('expected a factor above 0', at);
  return unit.text === '%' ? number / 100 : number;
}

/** A place in the text that moves on. Patterns are sticky. */
class Reader {
  readonly #text: string;
  at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.#text)?.[0];
  }
  sees(pattern: RegExp): boolean {
    return this.#match(pattern) !== undefined;
  }
  take(pattern: RegExp): string | undefined {
    const found = this.#match(pattern);
    this.at += found?.length ?? 0;
    return found;
  }
  takesHere(pattern: RegExp): boolean {
    return this.take(pattern) !== undefined;
  }
  takes(pattern: RegExp): boolean {
    this.blanks();
    return this.takesHere(pattern);
  }
  blanks(): void {
    this.take(/\s*/y);
  }

  known(what: string, pattern: RegExp, names: readonly string[]): string {
    const { at } = this;
    const name = this.take(pattern) ?? this.fail(`expected ${what}`);
    if (names.includes(name)) return name;
    throw new BudgetError(this.#text, at, `expected ${what}, got '${name}'`, { name, known: names });
  }
  end(): void {
    this.blanks();
    if (this.at < this.#text.length) this.fail('expected the end');
  }

  error(problem: string, at = this.at): BudgetError {
    return new BudgetError(this.#text, at, problem);
  }
  /** What stands at `at`, up to the next blank, is not what was expected. */
  fail(expected: string, at = this.at): never {
    const rest = this.#text.slice(at).trimStart();
    const came = rest === '' ? 'the end' : `'${/^\S{1,40}/u.exec(rest)![0]}'`;
    throw this.error(`${expected}, got ${came}`, at);
  }
}
