/** The list of runs and their pages over HTTP, on loopback, to read only. */
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Endpoint } from '#proxies/config/intent.ts';
import { RunLine } from '#bench/model/record.ts';
import { type ListedRun, livePage, runsPage } from '#reports/html/live.ts';
import { explain } from '#bench/model/errors.ts';
import { RECORDS_FILE } from '#bench/run/record-log.ts';
import { Follower } from './follow.ts';

/** Files of a run's folder that are served, with their types. */
const FILES: Readonly<Record<string, string>> = {
  'report.html': 'text/html; charset=utf-8',
  'interactive.html': 'text/html; charset=utf-8',
  'report.md': 'text/markdown; charset=utf-8',
  'report.json': 'application/json',
  'trials.csv': 'text/csv; charset=utf-8',
  'summary.csv': 'text/csv; charset=utf-8',
  [RECORDS_FILE]: 'application/x-ndjson',
};

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
export const isLoopback = (host: string): boolean => LOOPBACK.has(host.includes(':') ? `[${host}]` : host);

export interface RunServer extends AsyncDisposable {
  readonly address: Endpoint;
}

/** `folder` holds the folders of runs. Rejects with the listener's own error. */
export async function serveRuns(folder: string, listen: Endpoint, signal: AbortSignal): Promise<RunServer> {
  const followers = new Map<string, Follower>();
  const server = createServer((request, response) => {
    answer(request, response, folder, followers).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, 500, 'text/plain; charset=utf-8', `${explain(error)}\n`);
    });
  });
  server.listen({ host: listen.host, port: listen.port, signal });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: listen.host, port },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  followers: Map<string, Follower>,
): Promise<void> {
  const plain = (status: number, text: string): void =>
    send(response, status, 'text/plain; charset=utf-8', `${text}\n`);
  // A page of another origin that resolves its own name to loopback must not read the runs.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!LOOPBACK.has(host)) return plain(421, 'only loopback names are served here');
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'read only');
  const path = (request.url ?? '/').replace(/[?#].*$/s, '');
  if (path === '/') return send(response, 200, FILES['report.html']!, runsPage(await listRuns(folder)));
  const [, name, file] = /^\/runs\/([\w.-]+)\/([\w.-]*)$/.exec(path) ?? [];
  const known = name !== undefined && !name.startsWith('.') && (await readdir(folder)).includes(name);
  if (!known || file === undefined) return plain(404, 'no such page; / lists the runs');
  if (file === '' || file === 'state.json') {
    const follower = followers.get(name) ?? new Follower(join(folder, name));
    followers.set(name, follower);
    const state = await follower.state();
    if (!state) return plain(503, 'the run has no record yet; try again in a moment');
    if (file === '') return send(response, 200, FILES['report.html']!, livePage(state));
    return send(response, 200, 'application/json', JSON.stringify(state));
  }
  const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
  const found = type === undefined ? undefined : await stat(join(folder, name, file)).catch(() => undefined);
  if (type === undefined || !found?.isFile()) return plain(404, `${name} has no ${file}`);
  response.writeHead(200, { ...HEADERS, 'content-type': type });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(createReadStream(join(folder, name, file)), response);
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** Newest first. Folders without a readable first record are no runs. */
async function listRuns(folder: string): Promise<ListedRun[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const runs = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => describe(folder, name).catch(() => undefined)),
  );
  return runs.filter((run) => run !== undefined).toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
}

const HEAD = 1 << 20;
const TAIL = 1_024;

/** From the two ends of the file: a long run is not read whole for its line in the list. */
async function describe(folder: string, name: string): Promise<ListedRun | undefined> {
  await using file = await open(join(folder, name, RECORDS_FILE));
  const { size } = await file.stat();
  const part = async (length: number, at: number): Promise<string> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    return buffer.toString('utf8', 0, bytesRead);
  };
  const [first] = (await part(Math.min(size, HEAD), 0)).split('\n');
  const run = RunLine.parse(JSON.parse(first!));
  if (run.record !== 'run') return undefined;
  const last = (await part(Math.min(size, TAIL), Math.max(0, size - TAIL))).trimEnd().split('\n').at(-1)!;
  const end = /^\{"record":"end","state":"(completed|interrupted)"/.exec(last)?.[1] as
    'completed' | 'interrupted' | undefined;
  const report = await stat(join(folder, name, 'report.html')).catch(() => undefined);
  return {
    name,
    preset: run.preset,
    startedAt: run.startedAt,
    state: end ?? 'running or unfinished',
    hasReport: report?.isFile() ?? false,
  };
}
