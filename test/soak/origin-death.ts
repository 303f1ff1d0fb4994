/** One of three origins is killed under load: what is idempotent is answered all the same, nothing else is executed twice. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '#proxies/config/intent.ts';
import { generator } from '#test/random.ts';
import type { SoakCase } from './case.ts';
import { Client, get } from './client.ts';
import { startSubject } from './subject-process.ts';

interface Size {
  readonly requests: number;
  /** How often an origin is killed, each time of three fresh ones. */
  readonly deaths: number;
}

const clients = 16;
const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: soak\r\nContent-Length: 4\r\n\r\nbody`;

async function startOrigin(journal: string) {
  const child = fork(new URL('./journal-origin.ts', import.meta.url), [journal]);
  const exited = once(child, 'exit');
  const [address] = (await once(child, 'message')) as [Endpoint];
  return {
    address,
    journal,
    kill: () => child.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function oneDeath(requests: number, seed: number) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hopcost-soak-'));
  await using scope = new AsyncDisposableStack();
  const starting = ['a', 'b', 'c'].map(async (name) => scope.use(await startOrigin(join(folder.path, name))));
  const origins = await Promise.all(starting);
  await using subject = await startSubject(
    'l7-http',
    origins.map(({ address }) => address),
  );
  const random = generator(seed);
  let sent = 0;
  const unanswered: string[] = [];
  const load = async (limit: number, dead: () => void) => {
    using client = new Client(subject);
    while (sent < limit) {
      const id = sent++;
      if (sent === Math.floor(limit / 2)) dead();
      const isPost = random(3) === 0;
      const path = `/${isPost ? 'post' : 'get'}/${id}`;
      const { status, body } = await client.ask(isPost ? post(path) : get(path));
      if (status !== 200) unanswered.push(`${path} ${status}`);
      else assert.equal(body, path);
    }
  };
  const loads = (count: number, limit: number, dead = () => {}) =>
    Promise.all(Array.from({ length: count }, () => load(limit, dead)));
  // More at once than later: whatever is sent afterwards finds a connection that was used before.
  await loads(3 * clients, 40 * clients);
  await loads(clients, sent + requests, () => origins[0]!.kill());
  const journals = await Promise.all(origins.map(({ journal }) => readFile(journal, 'utf8')));
  const posts = journals.flatMap((text) => text.split('\n').filter((line) => line.startsWith('POST ')));
  return { sent, unanswered, posts };
}

export const originDeath: SoakCase<Size> = {
  name: 'origin-death',
  summary: '1 of 3 origins killed under load: 0 errors for idempotent requests, 0 duplicate executions',
  ci: { requests: 2_000, deaths: 1 },
  full: { requests: 20_000, deaths: 10 },
  async run({ requests, deaths }) {
    let [all, failedPosts, executed] = [0, 0, 0];
    for (let death = 1; death <= deaths; death++) {
      const { sent, unanswered, posts } = await oneDeath(requests, death);
      assert.deepEqual(
        unanswered.filter((line) => line.startsWith('/get/')),
        [],
      );
      assert.equal(posts.length, new Set(posts).size, 'a POST was executed twice');
      assert.ok(unanswered.length <= clients, `more than was under way failed: ${unanswered.join(', ')}`);
      all += sent;
      failedPosts += unanswered.length;
      executed += posts.length;
    }
    return {
      deaths,
      requests: all,
      'idempotent requests that failed': 0,
      'POSTs executed': executed,
      'POSTs executed twice': 0,
      'POSTs answered with an error': failedPosts,
    };
  },
};
