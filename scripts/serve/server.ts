/** The list of runs and their pages over HTTP, on loopback, to read only. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Endpoint } from '#proxies/config/intent.ts';
import { compareRuns } from '#bench/analysis/across-runs/compare-runs.ts';
import { MatchError } from '#bench/analysis/across-runs/match-runs.ts';
import { livePage } from '#reports/html/live.ts';
import { comparePage, runsPage } from '#reports/html/runs.ts';
import { explain, UsageError } from '#bench/model/errors.ts';
import { RECORDS_FILE } from '#bench/run/record-log.ts';
import { readRun } from '../run/read.ts';
import { Follower } from './follow.ts';
import { listRuns } from './list.ts';

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

const PAGE = FILES['report.html']!;

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
      else send(response, 500, TEXT, `${explain(error)}\n`);
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
  const plain = (status: number, text: string): void => send(response, status, TEXT, `${text}\n`);
  // A page of another origin that resolves its own name to loopback must not read the runs.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!LOOPBACK.has(host)) return plain(421, 'only loopback names are served here');
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'read only');
  const { path, query } = targetOf(request);
  if (path === '/') {
    const { runs, skipped } = await listRuns(folder);
    return send(response, 200, PAGE, runsPage(runs, skipped));
  }
  if (path === '/compare') return compare(response, folder, query.getAll('run'));
  const [, name, slash, file] = /^\/runs\/([\w.-]+)(\/?)([\w.-]*)$/.exec(path) ?? [];
  if (name === undefined || file === undefined || !(await isRun(folder, name)))
    return plain(404, 'no such page; / lists the runs');
  if (slash === '') {
    response.writeHead(308, { ...HEADERS, location: `/runs/${name}/`, 'content-length': 0 });
    return void response.end();
  }
  if (file === '' || file === 'state.json') {
    const follower = followers.get(name) ?? new Follower(join(folder, name));
    followers.set(name, follower);
    const state = await follower.state();
    if (!state) return plain(503, 'the run has no record yet; try again in a moment');
    if (file === '') return send(response, 200, PAGE, livePage(state));
    return send(response, 200, 'application/json', JSON.stringify(state));
  }
  const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
  const found = type === undefined ? undefined : await stat(join(folder, name, file)).catch(() => undefined);
  if (type === undefined || !found?.isFile()) return plain(404, `${name} has no ${file}`);
  response.writeHead(200, { ...HEADERS, 'content-type': type });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(createReadStream(join(folder, name, file)), response);
}

/** As it was sent, not tidied up: '..' in it is no way out of the folder, but a page that there is not. */
function targetOf({ url = '/' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const [, path = '/', query = ''] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) ?? [];
  return { path, query: new URLSearchParams(query) };
}

/** A folder of this very name: what a client sends is held against what is there, and never made a path first. */
const isRun = async (folder: string, name: string): Promise<boolean> =>
  !name.startsWith('.') && (await readdir(folder).catch((): string[] => [])).includes(name);

async function compare(response: ServerResponse, folder: string, names: readonly string[]): Promise<void> {
  const plain = (status: number, text: string): void => send(response, status, TEXT, `${text}\n`);
  const [first, second, ...more] = names;
  if (first === undefined || second === undefined || more.length > 0)
    return plain(400, `expected two runs that are ticked, got ${names.length}; go back and tick two`);
  for (const name of names) if (!(await isRun(folder, name))) return plain(404, 'no such run; / lists the runs');
  try {
    const runs = await Promise.all([first, second].map((name) => readRun(join(folder, name))));
    const [before, after] = runs.toSorted((a, b) => a.run.startedAt.localeCompare(b.run.startedAt));
    send(response, 200, PAGE, await comparePage([before!.run.run, after!.run.run], compareRuns(before!, after!)));
  } catch (error) {
    if (error instanceof MatchError || error instanceof UsageError) return plain(422, explain(error));
    throw error;
  }
}

const TEXT = 'text/plain; charset=utf-8';

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
