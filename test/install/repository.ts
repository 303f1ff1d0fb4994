/** Somebody's repository with a proxy of its own, and a change of it: slower, with a budget that would let it pass. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const IDENTITY = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main'];
export const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', cwd, ...IDENTITY, ...args], { encoding: 'utf8' }).trim();

/** `work`: done for every request. */
const proxyOf = (work: string): string => `import http from 'node:http';
const [, , host, port, upstreamHost, upstreamPort] = process.argv;
const agent = new http.Agent({ keepAlive: true });
http
  .createServer((request, response) => {
    ${work}
    const { connection: _, ...headers } = request.headers;
    const { method, url: path } = request;
    const forwarded = http.request({ host: upstreamHost, port: upstreamPort, agent, method, path, headers });
    forwarded.on('response', (answer) => {
      const { connection: __, 'keep-alive': ___, ...answered } = answer.headers;
      response.writeHead(answer.statusCode, answered);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  })
  .listen(Number(port), host);
`;

const configOf = (budget: string): string => `import { defineConfig } from 'hopcost';
export default defineConfig({
  subjects: [
    {
      name: 'our-proxy',
      layer: 'l7',
      command: ['node', 'proxy.mjs', '{listenHost}', '{listenPort}', '{upstreamHost}', '{upstreamPort}'],
    },
  ],
  gate: { budgets: ['${budget}'] },
});
`;

export interface Repository {
  readonly url: string;
  /** The target branch. */
  readonly base: string;
  /** As GitHub makes it of a pull request. */
  readonly merge: string;
}

/** Made at `origin`. */
export function repository(origin: string): Repository {
  mkdirSync(origin);
  git(origin, 'init', '--quiet');
  git(origin, 'config', 'uploadpack.allowReachableSHA1InWant', 'true');
  const commit = (message: string, work: string, budget: string): void => {
    writeFileSync(join(origin, 'proxy.mjs'), proxyOf(work));
    writeFileSync(join(origin, 'bench.config.ts'), configOf(budget));
    git(origin, 'add', '--all');
    git(origin, 'commit', '--quiet', '--message', message);
  };
  commit('A', '', 'our-proxy.cpuPerRequest <= 1 µs');
  git(origin, 'switch', '--quiet', '--create', 'topic');
  commit('B', 'for (let i = 0, x = 0; i < 1e6; i++) x += Math.sqrt(i);', 'our-proxy.cpuPerRequest <= 1 s');
  git(origin, 'switch', '--quiet', '--detach', 'main');
  git(origin, 'merge', '--quiet', '--no-ff', '--no-edit', 'topic');
  const merge = git(origin, 'rev-parse', 'HEAD');
  git(origin, 'update-ref', 'refs/pull/1/merge', merge);
  return { url: pathToFileURL(origin).href, base: git(origin, 'rev-parse', 'main'), merge };
}

/** What a runner checks out of it: one commit, no branch. */
export function checkoutOf(url: string, clone: string): string {
  mkdirSync(clone);
  git(clone, 'init', '--quiet');
  git(clone, 'remote', 'add', 'origin', url);
  git(clone, 'fetch', '--quiet', '--no-tags', '--depth=1', 'origin', 'refs/pull/1/merge');
  git(clone, 'switch', '--quiet', '--detach', 'FETCH_HEAD');
  return clone;
}

/** Whom root hands over to: 'nobody' of most systems; nobody else where the tests are not root's. */
export const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;

/** Hands `folder` over to it. */
export function handOver(folder: string): void {
  if (NOBODY) execFileSync('chown', ['-R', `${NOBODY.uid}:${NOBODY.gid}`, folder]);
}
