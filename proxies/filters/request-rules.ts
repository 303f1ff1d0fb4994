/**
 * What requests may be: methods, content types, sizes, JSON by a JSON Schema, and patterns whose scores add up (a firewall for requests).
 * What is to be looked at is kept until it is whole; what is longer, compressed, or of no type that can be looked at is refused. With
 * `monitor` nothing is refused: what would be is told on stderr and counted.
 *
 * @example { "filters": { "request-rules": { "methods": ["GET", "POST"], "bodyBytes": 65536, "threshold": 5,
 *   "patterns": [{ "id": "sql-union", "pattern": "union\\s+(all\\s+)?select", "in": ["query", "body"] }] } } }
 */
import { z } from 'zod';
import { NO_BODY, type RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { queryOf } from '../http/target.ts';
import type { ConfiguredFilter, Filter, FilterExchange, FilterService } from './contract.ts';
import { compileSchema } from './json-schema.ts';
import {
  type Finding,
  isJson,
  type PatternRule,
  patternRules,
  PatternRules,
  readRuleFile,
  sum,
} from './pattern-rules.ts';
import { positive, token } from './settings.ts';

export interface RequestRules {
  /** All others are answered 405. */
  readonly methods?: readonly string[];
  /** Of bodies; all others are answered 415. */
  readonly contentTypes?: readonly string[];
  /** A longer query is answered 414. */
  readonly queryBytes?: number;
  /** A longer body is answered 413; 65,536 by default where bodies are looked at. */
  readonly bodyBytes?: number;
  /** Bodies must be JSON that it describes; else 400, and 415 for another type. */
  readonly jsonSchema?: object;
  readonly patterns?: readonly PatternRule[];
  /** A JSON file with more of them. */
  readonly patternFile?: string;
  /** Scores from here on are answered 403; 5 by default. */
  readonly threshold?: number;
  readonly monitor?: boolean;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'request-rules'?: RequestRules;
  }
}

/** What a request did, and what it is told for that. */
interface Violation {
  readonly why: string;
  readonly reply: Reply;
}

const violation = (status: number, why: string, reply: Omit<Reply, 'status'> = {}): Violation => ({
  why,
  reply: { ...reply, status },
});

const typeOf = (head: RequestHead): string => (head.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase();

class RequestFirewall implements Filter {
  readonly #rules: RequestRules;
  readonly #service: FilterService;
  readonly #methods: ReadonlySet<string> | undefined;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #patterns: PatternRules;
  readonly #threshold: number;
  readonly #problemOf: ((content: Buffer) => string | undefined) | undefined;
  readonly #looksAtBodies: boolean;
  readonly #mostBytes: number;

  constructor(rules: RequestRules, service: FilterService) {
    const { methods, contentTypes, jsonSchema, patterns = [], patternFile } = rules;
    this.#rules = rules;
    this.#service = service;
    this.#methods = methods && new Set(methods);
    this.#types = contentTypes && new Set(contentTypes.map((type) => type.toLowerCase()));
    this.#patterns = new PatternRules([...patterns, ...(patternFile === undefined ? [] : readRuleFile(patternFile))]);
    this.#threshold = rules.threshold ?? 5;
    this.#problemOf = jsonSchema && compileSchema(jsonSchema);
    this.#looksAtBodies = this.#problemOf !== undefined || this.#patterns.looksAtBodies;
    this.#mostBytes = rules.bodyBytes ?? (this.#looksAtBodies ? 65_536 : Infinity);
  }

  request(head: RequestHead, exchange: FilterExchange): Reply | undefined | Promise<Reply | undefined> {
    const broken = this.#limitOf(head);
    if (broken !== undefined) {
      const reply = this.#answer(broken, head, exchange);
      if (reply !== undefined) return reply;
    }
    const found = this.#patterns.ofHead(head);
    const excess = this.#excess(found);
    if (excess !== undefined) {
      const reply = this.#answer(excess, head, exchange);
      if (reply !== undefined) return reply;
    }
    // A body without announced length shows only as a whole how long it is.
    const mustRead = this.#looksAtBodies || (this.#mostBytes < Infinity && head.get('content-length') === undefined);
    return head.body === NO_BODY || !mustRead ? undefined : this.#judgeBody(head, exchange, found);
  }

  async #judgeBody(head: RequestHead, exchange: FilterExchange, found: Finding): Promise<Reply | undefined> {
    const content = await exchange.readBody(this.#mostBytes);
    const broken =
      content === undefined
        ? violation(413, `its body has more than ${this.#mostBytes} bytes`)
        : this.#bodyViolation(content, head, found);
    return broken && this.#answer(broken, head, exchange);
  }

  #bodyViolation(content: Buffer, head: RequestHead, found: Finding): Violation | undefined {
    const problem = this.#problemOf?.(content);
    if (problem !== undefined) return violation(400, problem);
    if (!this.#patterns.looksAtBodies) return undefined;
    const inBody = this.#patterns.ofBody(content, typeOf(head));
    return inBody.score === 0 ? undefined : this.#excess(sum(found, inBody));
  }

  #excess({ score, ids }: Finding): Violation | undefined {
    return score < this.#threshold ? undefined : violation(403, `score ${score} by ${ids.join(', ')}`);
  }

  /** The first limit that a head breaks. */
  #limitOf(head: RequestHead): Violation | undefined {
    const { queryBytes = Infinity } = this.#rules;
    const method = head.methodText();
    if (this.#methods?.has(method) === false)
      return violation(405, `method ${method}`, { fields: [['Allow', [...this.#methods].join(', ')]] });
    if (queryOf(head).length > queryBytes) return violation(414, `its query has more than ${queryBytes} bytes`);
    if (head.body === NO_BODY) return undefined;
    const type = typeOf(head);
    if (this.#types?.has(type) === false) return violation(415, `content type ${type || 'none'}`);
    if (this.#problemOf !== undefined && !isJson(type))
      return violation(415, `content type ${type || 'none'} is no JSON`);
    if (this.#looksAtBodies && (head.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity')
      return violation(415, 'its body is compressed');
    if (head.contentLength > this.#mostBytes) return violation(413, `its body has more than ${this.#mostBytes} bytes`);
    return undefined;
  }

  /** Undefined: it is only told. */
  #answer({ why, reply }: Violation, head: RequestHead, exchange: FilterExchange): Reply | undefined {
    const { monitor = false } = this.#rules;
    if (monitor) {
      this.#service.because('rule_violation', () => `client ${exchange.client.address}, ${head.methodText()}: ${why}`);
      return undefined;
    }
    exchange.reason = 'rule_violation';
    return reply;
  }
}

export const filter: ConfiguredFilter<RequestRules> = {
  name: 'request-rules',
  schema: z.strictObject({
    methods: z.array(token).min(1).exactOptional(),
    contentTypes: z.array(z.string().min(1)).min(1).exactOptional(),
    queryBytes: positive.exactOptional(),
    bodyBytes: positive.max(64 * 1024 * 1024).exactOptional(),
    jsonSchema: z.record(z.string(), z.unknown()).exactOptional(),
    patterns: patternRules.exactOptional(),
    patternFile: z.string().min(1).exactOptional(),
    threshold: positive.exactOptional(),
    monitor: z.boolean().exactOptional(),
  }),
  create: (settings, service) => new RequestFirewall(settings, service),
};
