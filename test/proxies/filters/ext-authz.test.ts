/** An authoriser that says yes, no, nothing, or something else than the truth. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createRawServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { test } from 'node:test';
import type { ExtAuthz } from '#proxies/filters/ext-authz.ts';
import { answering, ok } from '../l7/lab.ts';
import { fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/verify?by=us`;
}

async function setup(judge: RequestListener, settings: Partial<ExtAuthz> = {}) {
  const server = createServer(judge);
  const url = await listen(server);
  const lab = await setupRegistered(answering(ok), { 'ext-authz': { url, ...settings } });
  return {
    ...lab,
    server,
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

test('it is shown what decides, and who passes is told to the origin by it alone', async () => {
  const asked: IncomingMessage[] = [];
  await using lab = await setup(
    (ask, answer) => {
      asked.push(ask);
      answer.writeHead(200, { 'X-User': 'ann', 'X-Other': 'no' }).end('yes');
    },
    { tell: ['X-User', 'X-Role'], show: ['Cookie'] },
  );
  const lines = ['Cookie: a=1', 'Authorization: Basic x', 'X-User: root', 'x_role: root', 'X-Forwarded-Uri: /free'];
  const answer = await lab.exchange(request(lines, { target: '//a/../%61dmin?q=1', method: 'DELETE' }));
  assert.equal(statusOf(answer), 200);
  const [{ method, url, headers }] = asked as [IncomingMessage];
  assert.deepEqual([method, url], ['GET', '/verify?by=us']);
  assert.equal(headers['x-forwarded-method'], 'DELETE');
  assert.equal(headers['x-forwarded-uri'], '/admin?q=1');
  assert.equal(headers['x-forwarded-host'], 'a');
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.deepEqual([headers.cookie, headers.authorization], ['a=1', undefined]);
  const sent = lab.origin.connections[0]!.text;
  assert.deepEqual(sent.match(/^x.(user|role|other).*$/gim), ['x-user: ann']);
});

test('a refusal is the answer, with what it says to the client', async () => {
  const fields = {
    'WWW-Authenticate': 'Basic realm="x"',
    'Set-Cookie': ['a=1', 'b=2'],
    'Content-Type': 'text/html',
    'X-Inner': 'no',
  };
  await using lab = await setup((_ask, answer) => void answer.writeHead(401, fields).end('<p>'));
  const answer = await lab.exchange(request());
  assert.equal(statusOf(answer), 401);
  assert.equal(fieldOf(answer, 'WWW-Authenticate'), 'Basic realm="x"');
  assert.equal(answer.match(/^set-cookie: .*$/gim)?.length, 2);
  assert.equal(fieldOf(answer, 'Content-Type'), 'text/html');
  assert.doesNotMatch(answer, /inner/i);
  assert.match(answer, /<p>$/);
  assert.equal(lab.origin.connections.length, 0);
  assert.deepEqual(await reasonsOf(lab), { authorizer_denied: 1 });
});

test('a login page elsewhere is where the client is sent', async () => {
  await using lab = await setup(
    (_ask, answer) => void answer.writeHead(302, { Location: 'https://login.example/' }).end(),
  );
  const answer = await lab.exchange(request());
  assert.equal(statusOf(answer), 302);
  assert.equal(fieldOf(answer, 'Location'), 'https://login.example/');
});

const FAILURES: Readonly<Record<string, RequestListener>> = {
  'never answers': () => {},
  'never ends its answer': (_ask, answer) => void answer.writeHead(200).write('yes'),
  fails: (_ask, answer) => void answer.writeHead(500).end(),
  'closes the connection': (ask) => void ask.socket.destroy(),
  'says too much': (_ask, answer) => void answer.writeHead(200).end(Buffer.alloc(1024 * 1024)),
  'tells a user that no field can say': (_ask, answer) => void answer.writeHead(200, { 'X-User': 'a  b' }).end(),
  'cuts its answer': (_ask, answer) => {
    answer.writeHead(200, { 'Content-Length': '10' }).write('yes');
    setImmediate(() => answer.destroy());
  },
};
for (const [what, judge] of Object.entries(FAILURES))
  for (const failOpen of [false, true])
    test(`where it ${what}, ${failOpen ? 'everybody' : 'nobody'} passes`, async () => {
      await using lab = await setup(judge, { failOpen, timeout: 150, tell: ['X-User'] });
      const answer = await lab.exchange(request(['X-User: root']));
      assert.equal(statusOf(answer), failOpen ? 200 : 503);
      assert.equal(lab.origin.connections.length, failOpen ? 1 : 0);
      if (failOpen) assert.doesNotMatch(lab.origin.connections[0]!.text, /x-user/i);
      const reasons = failOpen ? { authorizer_failed: 1 } : { filter_failed: 1, authorizer_failed: 1 };
      assert.deepEqual(await reasonsOf(lab), reasons);
    });

test('where it speaks no HTTP, or another protocol from then on, nobody passes', async () => {
  for (const text of [
    'SSH-2.0-x\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    '',
  ]) {
    const server = createRawServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(text));
    });
    const url = await listen(server);
    await using lab = await setupRegistered(answering(ok), { 'ext-authz': { url } });
    assert.equal(statusOf(await lab.exchange(request())), 503);
    server.close();
  }
});

test('connections are kept, and one that was closed meanwhile is no failure', async () => {
  await using lab = await setup((_ask, answer) => void answer.end());
  let connections = 0;
  lab.server.on('connection', () => connections++);
  for (let i = 0; i < 3; i++) assert.equal(statusOf(await lab.exchange(request())), 200);
  assert.equal(connections, 1);
  lab.server.closeIdleConnections();
  assert.equal(statusOf(await lab.exchange(request())), 200);
});

test('a body waits for the verdict, and goes on whole', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await using lab = await setup((_ask, answer) => {
    asked.resolve();
    void promise.then(() => answer.end());
  });
  const client = await lab.client();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello');
  await asked.promise;
  client.send(' world');
  assert.equal(lab.origin.connections.length, 0);
  resolve();
  await (await lab.origin.connection(0)).sees('hello world');
});

test('settings that mean nothing are refused by their place', () => {
  const cases: readonly [unknown, RegExp][] = [
    [{}, /^filters\.ext-authz\.url: /],
    [{ url: 'file:///x' }, /^filters\.ext-authz\.url: expected an http or https URL$/],
    [{ url: 'http://a', tell: ['Connection'] }, /^filters\.ext-authz\.tell\.0: /],
    [{ url: 'http://a', timeout: 0 }, /^filters\.ext-authz\.timeout: /],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ 'ext-authz': config }).join('\n'), problem);
});
