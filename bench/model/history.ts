/**
 * A history: one line of JSON a run, appended, of what a branch cost over time. Unlike the records it is small enough to be kept for ever. The
 * text may have been written by several at once, merged by git, or cut short with a machine: empty lines and halves of lines are borne,
 * the latter told; what a newer hopcost wrote is refused by its version.
 */
import { z } from 'zod';

export const HISTORY_VERSION = 1;

const Figure = z.object({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  coverage: z.number(),
  n: z.number().int(),
});

export const HistoryEntry = z.object({
  scenario: z.string(),
  subject: z.string(),
  /** The subject's main scenario, which charts draw. */
  main: z.boolean(),
  /** What the others are divided by. */
  isReference: z.literal(true).optional(),
  /** Microseconds of CPU per request. Absolute: shown, and not compared between runs. */
  cpuPerRequest: Figure.optional(),
  /** CPU per request ÷ that of the reference proxy in the same rounds; of the reference, ÷ that of somebody else's. */
  toReference: Figure.extend({ reference: z.string() }).optional(),
  /** CPU per request ÷ what the origin used a request with direct in the same rounds: one host's microseconds in terms of a known work. */
  toOrigin: Figure.optional(),
  /** Ratios to direct in the same rounds, of what direct has as well. */
  toDirect: z
    .object({ throughput: Figure.optional(), serviceP50: Figure.optional(), serviceP99: Figure.optional() })
    .optional(),
  /** Head ÷ base of the CPU per request, where a gate measured both. */
  gate: Figure.optional(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

export const HistoryLine = z.object({
  history: z.literal(HISTORY_VERSION),
  run: z.string(),
  at: z.iso.datetime(),
  /** Null outside git. */
  commit: z.string().nullable(),
  /** Uncommitted changes were measured too. */
  dirty: z.boolean(),
  /** Commit of a gate's base. */
  base: z.string().optional(),
  fingerprint: z.string(),
  hopcost: z.string(),
  node: z.string(),
  /** Of the proxies, by name. */
  versions: z.record(z.string(), z.string()),
  rounds: z.number().int(),
  /** Whether head shared its core with base: its figures compare only with others that did. */
  duet: z.boolean(),
  entries: z.array(HistoryEntry),
});
export type HistoryLine = z.infer<typeof HistoryLine>;

/** The file is not what hopcost writes: which line, what was expected, what came. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}

export interface History {
  /** Oldest first; of a run that was appended twice the first. */
  readonly lines: readonly HistoryLine[];
  /** What was left out. Sentences. */
  readonly notes: readonly string[];
}

/** Throws `HistoryError` for a line that is whole but no line of a history, or one of a newer version. */
export function readHistory(text: string): History {
  const notes: string[] = [];
  const runs = new Map<string, HistoryLine>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const read = parseLine(line, index + 1);
    if (read === undefined) notes.push(`line ${index + 1} is cut short or damaged, and left out`);
    else if (runs.has(read.run)) notes.push(`line ${index + 1} repeats run ${read.run}, and is left out`);
    else runs.set(read.run, read);
  }
  return { lines: [...runs.values()].toSorted((a, b) => a.at.localeCompare(b.at)), notes };
}

/** Undefined where it is no JSON: half a line, or a conflict's marker. */
function parseLine(line: string, number: number): HistoryLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const version = (value as { history?: unknown } | null)?.history;
  if (typeof version === 'number' && version > HISTORY_VERSION)
    throw new HistoryError(
      `line ${number}: history version ${version}, this hopcost reads version ${HISTORY_VERSION}; use a newer hopcost`,
    );
  const result = HistoryLine.safeParse(value);
  if (result.success) return withReference(result.data);
  const issue = result.error.issues[0];
  throw new HistoryError(
    `line ${number}: expected a line of a history, got ${issue?.path.join('.') || 'another value'}: ${issue?.message ?? 'unknown shape'}`,
  );
}

/** What lines were divided by that do not say so: they are older than that they could. */
const OLD_REFERENCE = 'l4-tcp';

function withReference(line: HistoryLine): HistoryLine {
  if (line.entries.some(({ isReference }) => isReference)) return line;
  return {
    ...line,
    entries: line.entries.map((entry) => (entry.subject === OLD_REFERENCE ? { ...entry, isReference: true } : entry)),
  };
}
