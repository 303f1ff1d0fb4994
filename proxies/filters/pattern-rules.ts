/**
 * Patterns over what clients send, with scores that add up. What is looked at is decoded the way applications decode it, until nothing is
 * left to decode, and is in lower case. Every pattern is matched in time linear in the text.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { RequestHead } from '../http/head.ts';
import { compileSearch } from '../http/pattern.ts';
import { pathOf, queryOf } from '../http/target.ts';
import { positive } from './settings.ts';

const PLACES = ['path', 'query', 'headers', 'body'] as const;
export type Place = (typeof PLACES)[number];

export interface PatternRule {
  readonly id: string;
  /** Of lower-case text; no look-around, no back-references. */
  readonly pattern: string;
  /** Where it is looked for; everywhere by default. */
  readonly in?: readonly Place[];
  /** 5 by default. */
  readonly score?: number;
}

export const patternRules = z
  .array(
    z.strictObject({
      id: z.string().min(1),
      pattern: z.string().min(1),
      in: z.array(z.enum(PLACES)).min(1).exactOptional(),
      score: positive.exactOptional(),
    }),
  )
  .refine((rules) => new Set(rules.map(({ id }) => id)).size === rules.length, 'two rules have the same id');

/** A JSON file with a list of rules. Throws `TypeError` that says where it is wrong. */
export function readRuleFile(path: string): readonly PatternRule[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new TypeError(`rule file ${path}: expected JSON: ${(error as Error).message}`, { cause: error });
  }
  const parsed = patternRules.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new TypeError(`rule file ${path}: ${problems.join('; ')}`);
}

/** Layers of encoding that are taken off. Whoever packs deeper than this is not understood by applications either. */
const MOST_LAYERS = 4;

/** As forms decode it, malformed escapes staying as they are. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** `text`: one character a byte. In lower case. */
export function plainOf(text: string, isForm: boolean): string {
  let plain = isForm ? text.replaceAll('+', ' ') : text;
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const decoded = percentDecoded(plain);
    if (decoded === plain) break;
    plain = decoded;
  }
  return plain.toLowerCase();
}

/** The texts of a body: what JSON escapes is written out. */
export function plainBody(content: Buffer, contentType: string): string {
  const text = content.toString('latin1');
  if (contentType === 'application/x-www-form-urlencoded') return plainOf(text, true);
  if (!isJson(contentType)) return text.toLowerCase();
  try {
    return Buffer.from(JSON.stringify(JSON.parse(content.toString('utf8'))))
      .toString('latin1')
      .toLowerCase();
  } catch {
    return text.toLowerCase();
  }
}

export const isJson = (contentType: string): boolean =>
  contentType === 'application/json' || contentType.endsWith('+json');

export interface Finding {
  readonly score: number;
  readonly ids: readonly string[];
}

export const NOTHING: Finding = { score: 0, ids: [] };

interface Search {
  readonly id: string;
  readonly score: number;
  readonly finds: (text: string) => boolean;
}

export class PatternRules {
  readonly #searches: Readonly<Record<Place, readonly Search[]>>;

  /** Throws `TypeError` for a pattern that cannot be matched in linear time. */
  constructor(rules: readonly PatternRule[]) {
    const searches: Record<Place, Search[]> = { path: [], query: [], headers: [], body: [] };
    for (const { id, pattern, in: places = PLACES, score = 5 } of rules) {
      const search = { id, score, finds: compileSearch(pattern) };
      for (const place of places) searches[place].push(search);
    }
    this.#searches = searches;
  }

  get looksAtBodies(): boolean {
    return this.#searches.body.length > 0;
  }

  ofHead(head: RequestHead): Finding {
    const { path, query, headers } = this.#searches;
    const found = [
      ...matching(path, () => plainOf(pathOf(head), false)),
      ...matching(query, () => plainOf(queryOf(head), true)),
      ...matching(headers, () => fieldsOf(head)),
    ];
    return total(found);
  }

  ofBody(content: Buffer, contentType: string): Finding {
    return total(matching(this.#searches.body, () => plainBody(content, contentType)));
  }
}

function matching(searches: readonly Search[], text: () => string): readonly Search[] {
  if (searches.length === 0) return [];
  const looked = text();
  return searches.filter(({ finds }) => finds(looked));
}

/** A rule counts once, wherever it is met. */
function total(found: readonly Search[]): Finding {
  if (found.length === 0) return NOTHING;
  const met = new Set(found);
  return { score: [...met].reduce((sum, { score }) => sum + score, 0), ids: [...met].map(({ id }) => id) };
}

export const sum = (a: Finding, b: Finding): Finding => ({
  score: a.score + b.score,
  ids: [...a.ids, ...b.ids],
});

/** A line each, `name: value`. */
function fieldsOf(head: RequestHead): string {
  let text = '';
  for (let index = 0; index < head.count; index++)
    text += `${head.name(index)}: ${plainOf(head.value(index), false)}\n`;
  return text;
}
