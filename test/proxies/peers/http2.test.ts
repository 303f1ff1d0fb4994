/** Every peer that speaks HTTP/2, started for real: one request each way, and the origin tells which version came to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definition as echo } from '#backends/http-echo.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { ask, type Ask } from '#bench/lab/http-client.ts';
import { askHttp2 } from '#bench/lab/http2-client.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { definition as nodeHttp } from '#proxies/peers/node-http.ts';
import { peers } from '#proxies/peers/registry.ts';

const { ca, cert, key, serverName } = createCertificate();
const loopback = { host: '127.0.0.1', port: 0 };
const soon = () => AbortSignal.timeout(20_000);
type Version = 'http1' | 'http2';
const ASK: Readonly<Record<Version, Ask>> = { http1: ask, http2: askHttp2 };

function intentFor({ capabilities }: ProxyDefinition, port: number, upstream: Version): ProxyIntent {
  const tls = capabilities.has('tls-termination');
  return {
    listener: { address: loopback, http2: true, ...(tls && { tls: { certificates: [{ cert, key }] } }) },
    clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port }], protocol: upstream }],
    defaultCluster: 'origin',
  };
}

interface Recorded {
  readonly raw: string;
  readonly messages?: readonly { readonly fields: readonly (readonly [string, string])[]; readonly body: string }[];
}

/** Which version the origin was spoken to in, what it got as the host, and the body. */
function seenBy(recorded: readonly Recorded[], path: string) {
  for (const { raw, messages } of recorded) {
    const message = messages?.find(({ fields }) => fields.some(([, value]) => value === path));
    const value = (name: string) => message?.fields.find(([field]) => field === name)?.[1];
    if (message) return { version: 'http2', host: value(':authority') ?? value('host'), body: message.body };
    if (!messages && raw.includes(`POST ${path} HTTP/1.1\r\n`))
      return {
        version: 'http1',
        host: /\r\nhost: *(\S+)\r\n/i.exec(raw)?.[1],
        body: raw.endsWith('hello') ? 'hello' : /\r\n5\r\nhello\r\n/.exec(raw)?.[0].slice(5, 10),
      };
  }
  return undefined;
}

/** Before 1.25.1 a listener of NGINX in the clear that speaks HTTP/2 speaks nothing else. */
const isHttp2Alone = (peer: ProxyDefinition, version: string): boolean =>
  peer.family === 'nginx' && !peer.capabilities.has('tls-termination') && / 1\.(2[0-4]|25\.0)\b/.test(version);

const spoken = await Promise.all(
  [nodeHttp, ...peers.filter(({ capabilities }) => capabilities.has('HTTP/2 downstream'))].map(
    async (peer) => [peer, await peer.availability()] as const,
  ),
);

for (const [peer, availability] of spoken) {
  const skip = availability.state === 'missing' && `${availability.reason}; install: ${availability.install}`;
  const isTls = peer.capabilities.has('tls-termination');
  const ways: readonly (readonly [Version, Version])[] = [
    ['http2', 'http1'],
    ...(peer.capabilities.has('HTTP/2 upstream') ? ([['http2', 'http2']] as const) : []),
    ...(peer.capabilities.has('HTTP/2 upstream') ? ([['http1', 'http2']] as const) : []),
    ...(skip === false && !isHttp2Alone(peer, availability.state === 'ready' ? availability.version : '')
      ? ([['http1', 'http1']] as const)
      : []),
  ];
  for (const [downstream, upstream] of ways)
    test(`${peer.name}: ${downstream} from clients, ${upstream} to the origin`, { skip }, async () => {
      await using origin = await echo.start(loopback, { http2: true }, soon());
      await using proxy = await peer.start(intentFor(peer, origin.address.port, upstream), soon());
      const target = { ...proxy.address, ...(isTls && { tls: { ca, serverName } }) };
      const path = '/a%20b?c=d';
      const body = Buffer.from('hello');
      const answer = await ASK[downstream](target, { method: 'POST', path, body }, soon());
      assert.deepEqual([answer.status, answer.body.toString()], [200, `POST ${path}\n`]);
      const { body: recorded } = await ask(origin.address, { path: '/_recorded' }, soon());
      assert.deepEqual(seenBy(JSON.parse(recorded.toString()) as Recorded[], path), {
        version: upstream,
        host: `127.0.0.1:${proxy.address.port}`,
        body: 'hello',
      });
    });
}

for (const peer of peers.filter(({ layer }) => layer === 'l7'))
  test(`${peer.name} refuses by name what it does not speak`, async () => {
    const lacking = (['HTTP/2 downstream', 'HTTP/2 upstream'] as const).filter((one) => !peer.capabilities.has(one));
    if (lacking.length === 0) return;
    await assert.rejects(peer.start(intentFor(peer, 9, 'http2'), soon()), (error) => {
      assert.ok(error instanceof IntentError);
      for (const one of lacking)
        assert.match(error.message, one === 'HTTP/2 upstream' ? /clusters\[0\]\.protocol/ : /listener\.http2/);
      return true;
    });
  });
