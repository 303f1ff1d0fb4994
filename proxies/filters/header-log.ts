/**
 * Writes fields of requests and answers to a file, a JSON line an exchange. What may be a secret by its name is masked, whatever is asked
 * for; the query is left out. A slow disk costs lines, which are counted, and never a request.
 *
 * @example { "filters": { "header-log": { "file": "/var/log/headers.ndjson", "request": ["User-Agent"], "response": "all" } } }
 */
import { closeSync, openSync } from 'node:fs';
import { z } from 'zod';
import type { RequestHead, ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { pathOf } from '../http/target.ts';
import { type AccessLog, openAccessLog } from '../stats/access-log.ts';
import type { ClientSide, ConfiguredFilter, Filter, FilterExchange, FilterService } from './contract.ts';
import { PassingClient } from './passing.ts';
import { fieldName } from './settings.ts';

export interface HeaderLog {
  /** Appended to. */
  readonly file: string;
  /** Fields of requests, as they came; all by default. */
  readonly request?: 'all' | readonly string[];
  /** Fields of answers, as clients get them; all by default. */
  readonly response?: 'all' | readonly string[];
  /** More fields to mask. */
  readonly mask?: readonly string[];
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'header-log'?: HeaderLog;
  }
}

const SECRET = /auth|cookie|token|secret|key|passw|session|credential|signature|jwt|csrf|xsrf/;
/** Characters of a value that are kept. */
const LONGEST = 1024;

type Wanted = (name: string) => boolean;
type Logged = Record<string, string>;

const wantedOf = (names: 'all' | readonly string[] = 'all'): Wanted => {
  if (names === 'all') return () => true;
  const set = new Set(names.map((name) => name.toLowerCase()));
  return (name) => set.has(name);
};

class Masker {
  readonly #more: ReadonlySet<string>;

  constructor(more: readonly string[]) {
    this.#more = new Set(more.map((name) => name.toLowerCase()));
  }

  /** Those of the fields that are wanted, repeated ones as a list. */
  fieldsOf(fields: Iterable<readonly [string, string]>, wanted: Wanted): Logged {
    const logged = Object.create(null) as Logged;
    for (const [given, value] of fields) {
      const name = given.toLowerCase();
      if (!wanted(name)) continue;
      const shown = SECRET.test(name) || this.#more.has(name) ? '***' : value.slice(0, LONGEST);
      logged[name] = logged[name] === undefined ? shown : `${logged[name]}, ${shown}`;
    }
    return logged;
  }
}

function* fieldsOf(head: RequestHead | ResponseHead): Iterable<readonly [string, string]> {
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    if (head.edits?.drops(name) !== true) yield [name, head.value(index)];
  }
  yield* head.edits?.added.fields ?? [];
}

class LoggedResponse extends PassingClient {
  readonly #onAnswer: (status: number, fields: Iterable<readonly [string, string]>) => void;

  constructor(next: ClientSide, onAnswer: (status: number, fields: Iterable<readonly [string, string]>) => void) {
    super(next);
    this.#onAnswer = onAnswer;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    this.#onAnswer(head.status, fieldsOf(head));
    return this.next.respond(head, start, end, complete);
  }

  override reply(reply: Reply): void {
    this.#onAnswer(reply.status, reply.fields ?? []);
    this.next.reply(reply);
  }
}

class HeaderLogger implements Filter {
  readonly #request: Wanted;
  readonly #response: Wanted;
  readonly #masker: Masker;
  #log: AccessLog | undefined;
  /** Until the file is open. */
  #early: object[] = [];
  #isEnded = false;
  readonly #asked = new WeakMap<FilterExchange, object>();

  /** Throws the system's error where the file cannot be opened. */
  constructor({ file, request, response, mask = [] }: HeaderLog, service: FilterService) {
    this.#request = wantedOf(request);
    this.#response = wantedOf(response);
    this.#masker = new Masker(mask);
    closeSync(openSync(file, 'a'));
    const lose = (lines: number, why: string): void =>
      service.because('access_log_failed', () => `filter header-log: ${lines} line(s) are lost: ${why}`);
    openAccessLog(file, lose).then(
      (log) => {
        this.#log = log;
        for (const record of this.#early.splice(0)) log.write(record);
        if (this.#isEnded) this.close();
      },
      (error: Error) => lose(this.#early.splice(0).length, error.message),
    );
  }

  request(head: RequestHead, exchange: FilterExchange): undefined {
    const { address } = exchange.client;
    const request = this.#masker.fieldsOf(fieldsOf(head), this.#request);
    this.#asked.set(exchange, { client: address, method: head.methodText(), path: pathOf(head), request });
  }

  response(side: ClientSide, _head: RequestHead, exchange: FilterExchange): ClientSide {
    return new LoggedResponse(side, (status, fields) => {
      const response = this.#masker.fieldsOf(fields, this.#response);
      const record = { time: new Date().toISOString(), ...this.#asked.get(exchange), status, response };
      if (this.#log === undefined) this.#early.push(record);
      else this.#log.write(record);
    });
  }

  close(): void {
    this.#isEnded = true;
    void this.#log?.[Symbol.asyncDispose]();
    this.#log = undefined;
  }
}

const names = z.union([z.literal('all'), z.array(fieldName)], 'expected "all" or a list of field names');

export const filter: ConfiguredFilter<HeaderLog> = {
  name: 'header-log',
  schema: z.strictObject({
    file: z.string().min(1, 'expected the path of a file'),
    request: names.exactOptional(),
    response: names.exactOptional(),
    mask: z.array(fieldName).exactOptional(),
  }),
  create: (settings, service) => new HeaderLogger(settings, service),
};
