/** Clients that people use, through the reference proxies: each with its own idea of HTTP, TLS and WebSocket. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { launch, skip as noBrowser } from '#test/reports/browser.ts';

const run = promisify(execFile);
const certificate = createCertificate();
const page =
  '<!doctype html><title>through</title><script>fetch("/echo",{method:"POST",body:"from the page"})</script>';
const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31) & 255));

/** What is not installed is skipped, and says so. */
const missing = (command: string) =>
  spawnSync('sh', ['-c', `command -v ${command}`]).status === 0 ? false : `${command} is not installed`;

/** A node:http origin: echoes bodies, counts down in chunks, speaks WebSocket. */
async function startOrigin() {
  const posted: string[] = [];
  const server = createServer((message, response) => {
    if (message.method === 'POST' || message.method === 'PUT') {
      void buffer(message).then((body) => {
        if (body.length < 100) posted.push(String(body));
        response.end(body);
      });
    } else if (message.url === '/large') response.setHeader('Content-Length', large.length).end(large);
    else if (message.url === '/page') response.setHeader('Content-Type', 'text/html').end(page);
    else if (message.url === '/chunks') {
      let left = 5;
      const next = () => (left-- > 0 ? response.write(`${left},`, () => setImmediate(next)) : response.end());
      next();
    } else response.end(`${message.method} ${message.url}`);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    posted,
    async close() {
      sockets.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

let origin: Awaited<ReturnType<typeof startOrigin>>;

for (const name of ['l7-http', 'l7-tls'] as const) {
  describe(`real clients through ${name}`, () => {
    const secure = name === 'l7-tls';
    let proxy: RunningProxy;
    let base: string;
    let folder: string;
    const tls = { ca: certificate.ca, servername: certificate.serverName };

    before(async () => {
      origin = await startOrigin();
      folder = mkdtempSync(join(tmpdir(), 'hopcost-clients-'));
      writeFileSync(join(folder, 'ca.pem'), certificate.ca);
      const listener = {
        address: { host: '127.0.0.1', port: 0 },
        ...(secure && { tls: { certificates: [{ cert: certificate.cert, key: certificate.key }] } }),
      };
      const clusters = [{ name: 'o', endpoints: [origin.address] }];
      const intent = { listener, clusters, defaultCluster: 'o' };
      proxy = await proxies.get(name)!.start(intent, new AbortController().signal);
      base = `${secure ? 'https' : 'http'}://localhost:${proxy.address.port}`;
    });
    after(async () => {
      await proxy[Symbol.asyncDispose]();
      await origin.close();
      rmSync(folder, { recursive: true });
    });

    it('curl: several requests on one connection, an upload with Expect, HEAD', { skip: missing('curl') }, async () => {
      const curl = (...args: string[]) =>
        run('curl', [
          '-sS',
          '--max-time',
          '10',
          '--noproxy',
          '*',
          '--ipv4',
          '--cacert',
          join(folder, 'ca.pem'),
          ...args,
        ]);
      const written = '%{http_code} %{num_connects},';
      const { stdout } = await curl('-w', written, `${base}/a`, `${base}/chunks`);
      assert.equal(stdout, 'GET /a200 1,4,3,2,1,0,200 0,');
      writeFileSync(join(folder, 'body'), large.subarray(0, 2_000_000));
      const expect = ['-H', 'Expect: 100-continue', '-T', join(folder, 'body')];
      const upload = await curl(
        ...expect,
        '-o',
        join(folder, 'back'),
        '-w',
        '%{http_code} %{size_download}',
        `${base}/up`,
      );
      assert.equal(upload.stdout, '200 2000000');
      assert.match((await curl('-I', `${base}/large`)).stdout, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 3000000/i);
      assert.match((await curl('-0', `${base}/chunks`)).stdout, /^4,3,2,1,0,$/);
    });

    it('undici: pipelined requests and large bodies', async () => {
      const dispatcher = new Agent({ connections: 1, pipelining: 8, connect: { ...tls, rejectUnauthorized: true } });
      const get = async (path: string) => (await request(`${base}${path}`, { dispatcher })).body.text();
      const paths = Array.from({ length: 40 }, (_, i) => `/${i}`);
      assert.deepEqual(
        await Promise.all(paths.map(get)),
        paths.map((path) => `GET ${path}`),
      );
      const { body } = await request(`${base}/echo`, { dispatcher, method: 'POST', body: large });
      assert.ok(large.equals(Buffer.from(await body.arrayBuffer())));
      await dispatcher.close();
    });

    it('node:https and node:http with a keep-alive agent', async () => {
      const options = { keepAlive: true, maxSockets: 1 };
      const agent = secure ? new https.Agent({ ...options, ...tls }) : undefined;
      const ask = (path: string) =>
        new Promise<string>((resolve, reject) => {
          const made = secure ? https.request(`${base}${path}`, { agent: agent! }) : httpRequest(`${base}${path}`);
          made
            .on('response', (response) => void text(response).then(resolve, reject))
            .on('error', reject)
            .end();
        });
      for (const path of ['/1', '/2', '/3']) assert.equal(await ask(path), `GET ${path}`);
      assert.equal((await ask('/large')).length > 0, true);
      agent?.destroy();
    });

    it('ws: messages of every size both ways, and a clean close', async () => {
      const socket = new WebSocket(base.replace('http', 'ws'), secure ? tls : {});
      await once(socket, 'open');
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
        const answer = once(socket, 'message');
        socket.send(large.subarray(0, size));
        assert.ok(large.subarray(0, size).equals((await answer)[0] as Buffer));
      }
      const closed = once(socket, 'close');
      socket.close(4001, 'done');
      assert.equal((await closed)[0], 4001);
    });

    it('Chromium: a page, what it fetches, a WebSocket', { skip: noBrowser }, async () => {
      const running = await launch();
      try {
        const context = await running.newContext({ ignoreHTTPSErrors: true });
        const tab = await context.newPage();
        const fetched = tab.waitForResponse((response) => response.url().endsWith('/echo'));
        await tab.goto(`${base}/page`);
        assert.equal(await tab.title(), 'through');
        assert.equal(await (await fetched).text(), 'from the page');
        assert.ok(origin.posted.includes('from the page'));
        const echoed = await tab.evaluate(
          (url) =>
            new Promise((resolve, reject) => {
              const socket = new globalThis.WebSocket(url);
              socket.onopen = () => socket.send('hello');
              socket.onmessage = ({ data }) => resolve(data);
              socket.onerror = () => reject(new Error('WebSocket failed'));
            }),
          base.replace('http', 'ws'),
        );
        assert.equal(echoed, 'hello');
      } finally {
        await running.close();
      }
    });

    const testssl = ['testssl.sh', 'testssl'].find((command) => !missing(command));
    const noTestssl = !secure ? 'no TLS' : testssl === undefined && 'testssl.sh is not installed';
    it('testssl.sh: no old protocol, no vulnerability', { skip: noTestssl }, async () => {
      const report = join(folder, 'testssl.json');
      const args = ['--quiet', '--warnings', 'off', '--ip', 'one', '-p', '-U', '--jsonfile', report];
      await run(testssl!, [...args, `localhost:${proxy.address.port}`], { timeout: 300_000 }).catch(() => {});
      const found = JSON.parse(await text(createReadStream(report))) as {
        id: string;
        severity: string;
        finding: string;
      }[];
      assert.ok(found.some(({ id, finding }) => id === 'TLS1_2' && finding.includes('offered')));
      assert.deepEqual(
        found.filter(({ severity }) => ['MEDIUM', 'HIGH', 'CRITICAL'].includes(severity)),
        [],
      );
    });

    it('slowhttptest: stays available under slow heads', { skip: missing('slowhttptest') }, async () => {
      const args = ['-H', '-c', '200', '-r', '200', '-i', '1', '-l', '6', '-p', '3', '-u', `${base}/`];
      const { stdout } = await run('slowhttptest', args, { timeout: 60_000 });
      assert.doesNotMatch(stdout, /service available:\s+NO/);
    });
  });
}
