/** What request filters are promised: order, short circuit, waiting, failing, and which of them a route has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent, Route } from '#proxies/config/intent.ts';
import type { Filter, FilterDefinition } from '#proxies/filters/contract.ts';
import { PassingClient } from '#proxies/filters/passing.ts';
import type { ResponseHead } from '#proxies/http/head.ts';
import { Head } from '#proxies/http/head.ts';
import type { Reply } from '#proxies/http/reply.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { Service } from '#proxies/l7/service.ts';
import { answering, ok, setup } from '../l7/lab.ts';
import { proxyWith, reasonsOf, settings, setupFilters } from './lab.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const closing = (line = '') => `GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${line}\r\n`;

/** Adds its letter to requests, answers and replies. */
class Marked extends PassingClient {
  readonly letter: string;
  constructor(next: ConstructorParameters<typeof PassingClient>[0], letter: string) {
    super(next);
    this.letter = letter;
  }
  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    head.append('X-Way', this.letter);
    return super.respond(head, start, end, complete);
  }
  override reply(reply: Reply): void {
    super.reply({ ...reply, fields: [...(reply.fields ?? []), ['X-Way', this.letter]] });
  }
}
const marking = (letter: string): Filter => ({
  request(head) {
    head.append('X-Way', letter);
    return undefined;
  },
  response: (side) => new Marked(side, letter),
});
const wayOf = (text: string) => Array.from(text.matchAll(/^x-way: (.*)\r$/gim), ([, letter]) => letter).join('');

test('requests pass in order, responses the other way round', async () => {
  await using lab = await setupFilters(answering(ok), { a: marking('a'), b: marking('b'), c: marking('c') });
  assert.equal(wayOf(await lab.exchange(closing())), 'cba');
  assert.equal(wayOf(lab.origin.connections[0]!.text), 'abc');
});

test('a filter sees what those before it have edited', async () => {
  const seen: (string | undefined)[] = [];
  const look: Filter = {
    request(head) {
      for (const name of ['x-a', 'x-b', 'x-c', 'x-d', 'accept', 'x-gone']) seen.push(head.get(name));
      return undefined;
    },
  };
  const edit: Filter = {
    request(head) {
      head.set('X-A', '1');
      head.append('X-B', '2');
      head.append('X-C', 'first');
      head.set('x-c', 'last');
      head.append('X-D', '1');
      head.remove('x-d');
      head.remove('Accept');
      return undefined;
    },
  };
  await using lab = await setupFilters(answering(ok), { edit, look });
  await lab.exchange(closing('X-A: 0\r\nX-B: 1\r\nAccept: */*\r\nX-Gone: 1\r\nConnection: x-gone\r\n'));
  assert.deepEqual(seen, ['1', '1, 2', 'last', undefined, undefined, undefined]);
  assert.match(lab.origin.connections[0]!.text, /^X-B: 1\r\n[^]*X-A: 1\r\nX-B: 2\r\nx-c: last\r\n\r\n$/m);
});

test('what no head may say is not said', async () => {
  for (const [name, value] of [
    ['X', 'a\r\nY: b'],
    ['a b', 'x'],
    ['Host', 'b'],
    ['Content-Length', '1'],
  ] as const) {
    const set: Filter = { request: (head) => (head.set(name, value), undefined) };
    await using lab = await setupFilters(answering(ok), { set });
    assert.match(await lab.exchange(closing()), /^HTTP\/1\.1 500 /, name);
    assert.equal(lab.origin.connections.length, 0);
  }
  const reply: Filter = { request: () => ({ status: 200, fields: [['X', 'a\r\nY: b']] }) };
  await using lab = await setupFilters(answering(ok), { reply });
  assert.match(await lab.exchange(closing()), /^HTTP\/1\.1 500 /);
  assert.deepEqual(await reasonsOf(lab), { filter_failed: 1 });
});

test('a reply is the answer, past the filters before its own', async () => {
  let late = 0;
  const filters = {
    a: marking('a'),
    b: {
      request: (): Reply => ({ status: 429, body: 'no', fields: [['Retry-After', '1']] }),
      response: (side) => new Marked(side, 'b'),
    } satisfies Filter,
    c: { request: () => void late++ as undefined } satisfies Filter,
  };
  await using lab = await setupFilters(answering(ok), filters);
  const client = await lab.client();
  client.send(get + closing());
  const text = await client.end();
  assert.match(text, /^HTTP\/1\.1 429 \r?[^]*Retry-After: 1\r\n[^]*no/);
  assert.equal(wayOf(text), 'aa');
  assert.equal(late, 0);
  assert.equal(lab.origin.connections.length, 0);
  assert.deepEqual(await reasonsOf(lab), { filter_reply: 2 });
});

test('a filter names its own reason', async () => {
  const filter: Filter = {
    request(_head, exchange) {
      exchange.reason = 'destination_denied';
      return { status: 403 };
    },
  };
  await using lab = await setupFilters(answering(ok), { filter });
  await lab.exchange(closing());
  assert.deepEqual(await reasonsOf(lab), { destination_denied: 1 });
});

/** A filter whose verdicts a test gives, by path. */
function gate() {
  const waiting = new Map<string, (reply: Reply | undefined) => void>();
  const ended: string[] = [];
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const filter: Filter = {
    async request(head, { signal }) {
      const path = head.text(head.targetStart, head.targetEnd);
      signal.addEventListener('abort', () => {
        ended.push(path);
        change();
      });
      const verdict = new Promise<Reply | undefined>((resolve) => waiting.set(path, resolve));
      change();
      const reply = await verdict;
      head.set('X-Path', head.text(head.targetStart, head.targetEnd)); // still the same head
      return reply;
    },
  };
  return {
    filter,
    ended,
    until: async (path: string) => {
      while (!waiting.has(path)) await changed.promise;
    },
    untilEnded: async (path: string) => {
      while (!ended.includes(path)) await changed.promise;
    },
    release: (path: string, reply?: Reply) => waiting.get(path)!(reply),
  };
}

test('while a filter waits its head stays as it is, whoever asks meanwhile', async () => {
  const { filter, until, release } = gate();
  await using lab = await setupFilters(answering(ok), { filter, b: marking('b') });
  const clients = [];
  for (const path of ['/first', '/second?much=longer', '/3']) {
    const client = await lab.client();
    client.send(`GET ${path} HTTP/1.1\r\nHost: ${path.length}.test\r\nX-Me: ${path}\r\n\r\n`);
    await until(path);
    clients.push(client);
  }
  for (const path of ['/second?much=longer', '/3', '/first']) release(path);
  for (const client of clients) assert.equal(wayOf(await client.sees('ok')), 'b');
  const requests = lab.origin.connections.flatMap(({ text }) => text.split(/(?<=\r\n\r\n)/)).toSorted();
  assert.deepEqual(
    requests.map((text) => [
      /^GET (\S+)/.exec(text)![1],
      /X-Me: (.*)\r/.exec(text)![1],
      /X-Path: (.*)\r/.exec(text)![1],
    ]),
    ['/3', '/first', '/second?much=longer'].map((path) => [path, path, path]),
  );
  assert.deepEqual(
    requests.map((text) => [/Host: (.*)\r/.exec(text)![1], /X-Forwarded-Host: (.*)\r/.exec(text)![1]]),
    [2, 6, 19].map((length) => [`${length}.test`, `${length}.test`]),
  );
});

for (const [kind, request, body] of [
  ['of known length, part of which came with the head', 'Content-Length: 11\r\n\r\nhello', ' world'],
  ['of known length, all of which came with the head', 'Content-Length: 11\r\n\r\nhello world', ''],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', '6\r\n world\r\n0\r\n\r\n'],
] as const)
  test(`while a filter waits the body does, one ${kind}`, async () => {
    const { filter, until, release } = gate();
    await using lab = await setupFilters(
      async (origin) => {
        await origin.sees('world');
        origin.send(ok);
      },
      { filter },
    );
    const client = await lab.client();
    client.send(`POST /p HTTP/1.1\r\nHost: a\r\n${request}`);
    await until('/p');
    client.send(body);
    assert.equal(lab.origin.connections.length, 0);
    release('/p');
    await client.sees('ok');
    assert.match(
      lab.origin.connections[0]!.text,
      /\r\n\r\n(5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n|(b\r\n)?hello world(\r\n0\r\n\r\n)?)$/,
    );
  });

test('a promised reply is sent, and the connection goes on', async () => {
  const { filter, until, release } = gate();
  await using lab = await setupFilters(answering(ok), { a: marking('a'), filter });
  const client = await lab.client();
  client.send(get + closing().replace('/x', '/y'));
  await until('/x');
  release('/x', { status: 401 });
  await until('/y');
  release('/y');
  const text = await client.end();
  assert.match(text, /^HTTP\/1\.1 401 [^]*HTTP\/1\.1 200 /);
  assert.equal(wayOf(text), 'aa');
});

test('a client that leaves while a filter waits ends the exchange; what the filter says then is for nobody', async () => {
  const { filter, until, untilEnded, release } = gate();
  await using lab = await setupFilters(answering(ok), { filter });
  const client = await lab.client();
  client.send(get);
  await until('/x');
  client.socket.resetAndDestroy();
  await untilEnded('/x');
  const other = await lab.client();
  other.send('GET /y HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('/y');
  release('/x');
  release('/y');
  await other.sees('ok');
  assert.equal(lab.origin.connections.length, 1);
  assert.ok(!lab.origin.connections[0]!.text.includes('/x'));
  assert.deepEqual(await reasonsOf(lab), { client_reset: 1 });
});

const deadlines = {
  'that of silence': { timeouts: { upstreamResponse: 60 } },
  'the route’s': {
    routes: [
      { match: {}, action: { kind: 'forward', clusters: [{ name: 'origin' }], timeout: 60 } },
    ] as readonly Route[],
  },
};
for (const [kind, change] of Object.entries(deadlines))
  test(`a filter that says nothing meets a deadline, ${kind}`, async () => {
    const { filter, ended } = gate();
    await using lab = await setupFilters(answering(ok), { filter }, change);
    assert.match(await lab.exchange(closing()), /^HTTP\/1\.1 504 /);
    assert.deepEqual(await reasonsOf(lab), { filter_timeout: 1 });
    assert.deepEqual(ended, ['/x']);
  });

const failing: Readonly<Record<string, Filter>> = {
  throws: { request: () => assert.fail('out') },
  rejects: { request: () => Promise.reject(new Error('out')) },
  'throws what is no error': {
    request: () => {
      throw 'out';
    },
  },
  'fails later': {
    request: (_head, exchange) => new Promise(() => setImmediate(() => exchange.fail(new Error('out')))),
  },
  'throws as it decorates': { response: () => assert.fail('out') },
  'throws as it decorates the body': { requestBody: () => assert.fail('out') },
};
for (const [kind, filter] of Object.entries(failing))
  test(`a filter that ${kind} costs that request alone`, async () => {
    const onlyX: Filter = {
      request: (head, exchange) => (head.get('x-fail') === undefined ? undefined : filter.request?.(head, exchange)),
      response: (side, head, exchange) =>
        head.get('x-fail') ? (filter.response?.(side, head, exchange) ?? side) : side,
      requestBody: (side, head, exchange) =>
        head.get('x-fail') ? (filter.requestBody?.(side, head, exchange) ?? side) : side,
    };
    await using lab = await setupFilters(answering(ok), { a: marking('a'), onlyX });
    const client = await lab.client();
    client.send(`GET /x HTTP/1.1\r\nHost: a\r\nX-Fail: 1\r\n\r\n${closing()}`);
    const text = await client.end();
    assert.match(text, /^HTTP\/1\.1 500 [^]*HTTP\/1\.1 200 /);
    assert.equal(lab.origin.connections.length, 1);
    assert.deepEqual(await reasonsOf(lab), { filter_failed: 1 });
  });

/** Answers with what it was told. */
const told: FilterDefinition<{ say: string }> = {
  name: 'told',
  schema: z.strictObject({ say: z.string().min(1) }),
  create({ say }) {
    const made = `${say} ${++instances}`;
    return { request: () => ({ status: 200, body: made }), close: () => void closed.push(made) };
  },
};
let instances = 0;
const closed: string[] = [];

test('a route says otherwise, or nothing of it', async () => {
  instances = 0;
  const at = (value: string, rest: Omit<Route, 'match'>): Route => ({
    match: { path: { kind: 'exact', value } },
    ...rest,
  });
  const forward = { action: { kind: 'forward', clusters: [{ name: 'origin' }] } } as const;
  const routes = [
    at('/common', forward),
    at('/same', forward),
    at('/own', { ...forward, filters: settings({ told: { say: 'own' } }) }),
    at('/off', { ...forward, filters: settings({ told: null }) }),
    at('/reply', { action: { kind: 'reply', status: 418 } }),
    at('/moved', { action: { kind: 'redirect', path: '/off' }, filters: settings({ told: null }) }),
  ];
  const change = { routes, filters: settings({ told: { say: 'all' } }), defaultCluster: 'origin' };
  await using lab = await setup(answering(ok), change, proxyWith([told]));
  const answers: Readonly<Record<string, RegExp>> = {
    '/common': /all 1$/,
    '/same': /all 1$/,
    '/own': /own 2$/,
    '/off': /ok$/,
    '/reply': /all 1$/,
    '/moved': /^HTTP\/1\.1 301 /,
    '/elsewhere': /all 1$/,
  };
  for (const [path, answer] of Object.entries(answers))
    assert.match(await lab.exchange(closing().replace('/x', path)), answer, path);
  const intent = { listener: { address: lab.proxy.address }, clusters: [], routes: [] };
  await lab.proxy.reload!(intent);
  assert.deepEqual(closed.splice(0), ['all 1', 'own 2']);
});

test('filters see requests that no route is for', async () => {
  const filters = settings({ told: { say: 'nobody' } });
  const routes: Route[] = [{ match: { hosts: ['other'] }, action: { kind: 'reply', status: 200 } }];
  const { defaultCluster: _, ...change } = { routes, filters, defaultCluster: undefined };
  const intent = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [], ...change };
  const service = new Service(intent, { filters: [told] });
  assert.equal(service.router.route(headOf(get)).filters?.length, 1);
  service.close();
});

function headOf(text: string): Head {
  const head = new Head(10);
  const buffer = Buffer.from(text, 'latin1');
  scanRequestHead(head, buffer, 0, buffer.length, { headBytes: 1000, targetBytes: 100, bodyBytes: 0 });
  return head;
}

test('a filter that is told wrongly, or that nobody knows, is refused by its path', () => {
  const base = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [] };
  const route = { match: {}, action: { kind: 'reply', status: 200 } } as const;
  const cases: [intent: Partial<ProxyIntent>, path: RegExp][] = [
    [{ filters: settings({ told: { say: '' } }) }, /^filters\.told\.say: /],
    [{ filters: settings({ told: { say: 'x', more: 1 } }) }, /^filters\.told: /],
    [{ filters: settings({ other: {} }) }, /^filters\.other: there is no such filter; there are: told/],
    [{ filters: settings({ headers: {} }) }, /^filters\.headers: there is no such filter/],
    [{ routes: [route, { ...route, filters: settings({ told: {} }) }] }, /^routes\[1\]\.filters\.told\.say: /],
  ];
  for (const [intent, path] of cases)
    assert.throws(
      () => new Service({ ...base, ...intent }, { filters: [told] }),
      (error) => error instanceof IntentError && path.test(error.message),
      String(path),
    );
});

test('a route without filters has no chain', () => {
  const service = new Service({
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'a', endpoints: [{ host: '127.0.0.1', port: 1 }] }],
    defaultCluster: 'a',
    routes: [{ match: { path: { kind: 'exact', value: '/r' } }, action: { kind: 'reply', status: 200 } }],
  });
  for (const path of ['/r', '/x'])
    assert.equal(service.router.route(headOf(get.replace('/x', path))).filters, undefined);
  service.close();
});
