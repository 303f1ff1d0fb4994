/**
 * New intents by a call on a socket of this machine, which only this user may open. The body is the whole new intent; `?over=MS` lets its
 * weights take that long.
 *
 * | call | body | answer |
 * | --- | --- | --- |
 * | `GET /intent` | | what runs, one intent a listener, without its secrets |
 * | `PUT /intent` | one intent as JSON, or an array with one for each listener | `{ "reloaded": true }` |
 * | `PUT /config` | a configuration file as text, as at the start | `{ "reloaded": true }` |
 *
 * What cannot be run is answered 400 with the reason, and what ran goes on.
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describeIntent } from './config/describe.ts';
import { IntentError } from './config/intent-error.ts';
import { parseIntent } from './config/schema.ts';
import type { Reloads } from './reloads.ts';
import type { Part } from './together.ts';

/** Bytes of a new intent. */
const LONGEST_BODY = 16 * 1024 * 1024;
/** Milliseconds that weights may take: a week. */
const LONGEST_SHIFT = 7 * 24 * 3_600_000;

export interface ControlOptions {
  readonly reloads: Reloads;
  /** A configuration file's text as what is to run. Absent: what runs was not started from one. */
  readonly readConfig?: (text: string) => readonly Part[];
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Rejects with the system's error, or where somebody else listens at `path`. What nobody listens at any more is removed. */
export async function startControl(path: string, options: ControlOptions): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    handle(request, options).then(
      (text) => reply(response, 200, text),
      (error: unknown) => reply(response, statusOf(error), JSON.stringify({ error: (error as Error).message })),
    );
  });
  await removeAbandoned(path);
  await listen(server, path);
  await chmod(path, 0o600);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Nobody else may open it, from its first moment on.
    const mask = process.umask(0o177);
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {}); // a failed accept concerns one call
      resolve();
    });
    process.umask(mask);
  });
}

/** A process that was killed leaves its socket behind, which nobody answers and nobody can listen at. */
async function removeAbandoned(path: string): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === undefined) throw new Error(`${path}: somebody else listens there; choose another path`);
  if (code === 'ECONNREFUSED') await rm(path);
}

async function handle(request: IncomingMessage, { reloads, readConfig }: ControlOptions): Promise<string> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const call = `${request.method} ${pathname}`;
  if (call === 'GET /intent') return `[${reloads.parts.map(({ intent }) => describeIntent(intent)).join(',\n')}]\n`;
  if (call !== 'PUT /intent' && call !== 'PUT /config')
    throw new Refusal(404, 'there are GET /intent, PUT /intent and PUT /config');
  const over = overOf(searchParams);
  const text = await bodyOf(request);
  await reloads.apply(() => {
    if (call === 'PUT /intent') return intentsOf(text, reloads.parts);
    if (readConfig === undefined)
      throw new Refusal(400, 'what runs was not started from a configuration file: PUT /intent');
    return readConfig(text);
  }, over);
  return '{"reloaded":true}\n';
}

function overOf(query: URLSearchParams): number {
  const text = query.get('over');
  if (text === null) return 0;
  const over = Number(text);
  if (/^\d+$/.test(text) && over <= LONGEST_SHIFT) return over;
  throw new Refusal(400, `over=${text}: expected milliseconds, up to ${LONGEST_SHIFT}`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) throw new Refusal(413, `more than ${LONGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** For each listener that runs, in its order. */
function intentsOf(text: string, running: readonly Part[]): readonly Part[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `no JSON: ${(error as Error).message}`);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length !== running.length)
    throw new Refusal(400, `${values.length} intent(s) for ${running.length} listener(s): one for each is needed`);
  return running.map(({ definition }, index) => ({ definition, intent: parseIntent(values[index]) }));
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  return error instanceof IntentError ? 400 : 500;
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}
