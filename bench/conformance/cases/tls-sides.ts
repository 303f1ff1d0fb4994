/** TLS on both sides of a proxy: terminated, and spoken to origins. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { DownstreamTls, ProxyIntent, UpstreamTls } from '#proxies/config/intent.ts';
import type { Bench } from '../bench.ts';
import { clientHello } from '../client-hello.ts';
import type { ConformanceCase } from '../contract.ts';
import { type Materials, type Setup, http, plain, withTimeouts } from '../setups.ts';
import { Violation } from '../violation.ts';
import { answered } from './tables.ts';

const leafOf = ({ cert, key }: Materials['certificate']) => ({ cert, key });
const withTls = (name: string, change: (tls: DownstreamTls, materials: Materials) => DownstreamTls): Setup => ({
  ...plain,
  name,
  intent: (base, materials) => ({
    ...base,
    listener: { ...base.listener, tls: change(base.listener.tls!, materials) },
  }),
});

const byName = withTls('certificates by name', (tls, { stranger }) => ({
  ...tls,
  certificates: [...tls.certificates, { ...leafOf(stranger), serverNames: ['other.example', '*.wild.example'] }],
}));
const mutual = withTls('client certificate', (tls, { certificate }) => ({ ...tls, clientCa: certificate.ca }));

type Options = ConnectionOptions;

/** A handshake to its end: the socket, or the error. */
async function handshake(bench: Bench, options: Options = {}): Promise<TLSSocket | NodeJS.ErrnoException> {
  const { host, port } = bench.target;
  const socket = connect({
    host,
    port,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
    ...options,
  });
  const onAbort = (): void => void socket.destroy(bench.signal.reason as Error);
  bench.signal.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => bench.signal.removeEventListener('abort', onAbort));
  try {
    await once(socket, 'secureConnect');
    socket.on('error', () => {});
    return socket;
  } catch (error) {
    bench.signal.throwIfAborted();
    return error as NodeJS.ErrnoException;
  }
}

async function established(bench: Bench, what: string, options: Options = {}): Promise<TLSSocket> {
  const result = await handshake(bench, options);
  if (result instanceof Error) throw new Violation(what, 'a handshake', result.code ?? result.message);
  return result;
}

const REQUEST = 'GET /tls HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Sends a request and waits for a 200. Rejects where the connection ends first. */
async function served(socket: TLSSocket): Promise<boolean> {
  socket.write(REQUEST);
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\nok')) resolve(text.startsWith('HTTP/1.1 200'));
    });
    socket.once('close', () => resolve(false));
  });
}

type Row = Omit<ConformanceCase, 'layer' | 'setup' | 'needs'> & Partial<Pick<ConformanceCase, 'setup' | 'needs'>>;
const tls = (row: Row): ConformanceCase => ({ layer: 'l7', setup: plain, needs: ['tls-termination'], ...row });

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;

/** Which of the two leaves is presented for a name. */
const presents = (name: string, servername: string, whose: 'certificate' | 'stranger'): ConformanceCase =>
  tls({
    rule: 'tls-sni',
    name,
    setup: byName,
    async run(bench) {
      const socket = await established(bench, name, { servername });
      const got = socket.getPeerCertificate().fingerprint256;
      socket.destroy();
      if (got !== fingerprint(bench.options.materials[whose].cert))
        throw new Violation(name, `the ${whose}’s leaf`, 'another');
    },
  });

const resumes = (version: 'TLSv1.2' | 'TLSv1.3'): ConformanceCase =>
  tls({
    rule: 'tls-resumption',
    name: version,
    ...(version === 'TLSv1.3' && { quick: true }),
    async run(bench) {
      const options = { minVersion: version, maxVersion: version } as const;
      const first = await established(bench, 'a first handshake', options);
      // TLS 1.3 tickets come after the handshake, with the first octets.
      const ticket = version === 'TLSv1.3' ? once(first, 'session') : [first.getSession()];
      await served(first);
      const [session] = (await ticket) as [Buffer];
      first.destroy();
      const second = await established(bench, 'a session', { ...options, session });
      const resumed = second.isSessionReused() && (await served(second));
      second.destroy();
      if (!resumed) throw new Violation('a session', 'a resumed one, and an answer', 'a full handshake');
    },
  });

const upstream = (name: string, change: (tls: UpstreamTls, materials: Materials) => UpstreamTls): Setup => ({
  ...plain,
  name: `TLS to the origin, ${name}`,
  secureOrigin: true,
  intent: (base, materials): ProxyIntent => ({
    ...base,
    clusters: base.clusters.map((cluster) => ({ ...cluster, tls: change(cluster.tls!, materials) })),
  }),
});

/** One request to an origin with TLS. */
const verifies = (name: string, wanted: readonly number[], setup: Setup): ConformanceCase => ({
  rule: 'tls-verify',
  name,
  layer: 'l7',
  needs: ['tls-origination'],
  setup,
  async run(bench) {
    const wire = await bench.open();
    wire.write(REQUEST);
    const { messages } = await bench.answers(wire, ['GET']);
    const status = messages[0]?.status ?? 0;
    if (!wanted.includes(status)) throw new Violation(name, wanted.join(' or '), String(status));
    const requests = bench.origin.take().requests.length;
    if (wanted[0] !== 200 && requests > 0) throw new Violation(name, 'nothing at the origin', `${requests} requests`);
  },
});

export const tlsCases: readonly ConformanceCase[] = [
  ...(['TLSv1.2', 'TLSv1.3'] as const).map((version) =>
    tls({
      rule: 'tls-versions',
      name: version,
      async run(bench) {
        const socket = await established(bench, version, { minVersion: version, maxVersion: version });
        const answer = await served(socket);
        socket.destroy();
        if (!answer) throw new Violation(version, 'an answer', 'none');
      },
    }),
  ),
  tls({
    rule: 'tls-versions',
    name: 'TLS 1.1 is refused',
    quick: true,
    async run(bench) {
      // OpenSSL offers 1.1 at its lowest security level only.
      const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      const result = await handshake(bench, options);
      if (result instanceof Error) return;
      const got = result.getProtocol();
      result.destroy();
      throw new Violation('TLS 1.1', 'a refusal', String(got));
    },
  }),
  presents('exact', 'other.example', 'stranger'),
  presents('in another case', 'OTHER.example', 'stranger'),
  presents('wildcard', 'a.wild.example', 'stranger'),
  presents('an unknown name: the default', 'nobody.example', 'certificate'),
  tls({
    rule: 'tls-sni',
    name: 'none: the default',
    setup: byName,
    async run(bench) {
      const socket = await established(bench, 'no name', { servername: '' });
      const got = socket.getPeerCertificate().fingerprint256;
      socket.destroy();
      if (got !== fingerprint(bench.options.materials.certificate.cert))
        throw new Violation('no name', 'the default', 'another');
    },
  }),
  tls({
    rule: 'tls-alpn',
    name: 'h2 and http/1.1: http/1.1',
    async run(bench) {
      const socket = await established(bench, 'h2, http/1.1', { ALPNProtocols: ['h2', 'http/1.1'] });
      const got = socket.alpnProtocol;
      socket.destroy();
      if (got !== 'http/1.1') throw new Violation('h2, http/1.1', 'http/1.1', String(got));
    },
  }),
  tls({
    rule: 'tls-alpn',
    name: 'none offered',
    async run(bench) {
      const socket = await established(bench, 'no ALPN', { ALPNProtocols: [] });
      const answer = await served(socket);
      socket.destroy();
      if (!answer) throw new Violation('no ALPN', 'an answer', 'none');
    },
  }),
  tls({
    rule: 'tls-alpn',
    name: 'no common protocol',
    async run(bench) {
      const result = await handshake(bench, { ALPNProtocols: ['other'] });
      const got = result instanceof Error ? (result.code ?? result.message) : 'a connection';
      if (!(result instanceof Error)) result.destroy();
      if (!/NO_APPLICATION_PROTOCOL/.test(got)) throw new Violation('ALPN other', 'no_application_protocol', got);
    },
  }),
  resumes('TLSv1.2'),
  resumes('TLSv1.3'),
  tls({
    rule: 'tls-renegotiation',
    name: 'of the client, TLS 1.2',
    async run(bench) {
      const socket = await established(bench, 'TLS 1.2', { maxVersion: 'TLSv1.2' });
      const outcome = await new Promise<string>((resolve) => {
        socket.once('close', () => resolve('closed'));
        const started = socket.renegotiate({ rejectUnauthorized: false }, (error) =>
          resolve(error ? 'refused' : 'done'),
        );
        if (started === false) resolve('refused');
      });
      const serves = outcome === 'done' && (await served(socket));
      socket.destroy();
      if (serves) throw new Violation('a renegotiation', 'a refusal', 'a new handshake');
    },
  }),
  ...(
    [
      ['nothing', ''],
      ['half a ClientHello', clientHello({ serverName: 'localhost' }).slice(0, 40)],
    ] as const
  ).map(([name, sent]) =>
    tls({
      rule: 'tls-handshake-timeout',
      name,
      setup: withTimeouts({ tlsHandshake: 200, requestHead: 200 }),
      async run(bench) {
        const { host, port } = bench.target;
        const socket = connectTcp({ host, port, signal: bench.signal });
        socket.on('error', () => {});
        socket.resume();
        socket.write(Buffer.from(sent, 'latin1'));
        await once(socket, 'close', { signal: bench.signal });
      },
    }),
  ),
  tls({
    rule: 'tls-hot-swap',
    name: 'new handshakes get the new one, live sessions go on',
    setup: http('hot swap', (base) => base),
    async run(bench) {
      const { intent, materials } = bench.options;
      const reload = bench.requireReload();
      const live = await established(bench, 'a first handshake');
      const certificates = [leafOf(materials.stranger)];
      await reload({ ...intent, listener: { ...intent.listener, tls: { ...intent.listener.tls!, certificates } } });
      const next = await established(bench, 'a second handshake');
      const got = next.getPeerCertificate().fingerprint256;
      const answers = [await served(live), await served(next)];
      live.destroy();
      next.destroy();
      await reload(intent);
      if (got !== fingerprint(materials.stranger.cert))
        throw new Violation('a swap', 'the new certificate', 'the old one');
      if (answers.includes(false)) throw new Violation('a swap', 'answers on both connections', answers.join());
    },
  }),
  ...(
    [
      ['none', undefined],
      ['of another authority', 'stranger'],
    ] as const
  ).map(([name, whose]) =>
    tls({
      rule: 'tls-client-certificate',
      name,
      setup: mutual,
      needs: ['tls-termination', 'mtls'],
      async run(bench) {
        const { materials } = bench.options;
        const result = await handshake(bench, whose ? leafOf(materials[whose]) : {});
        // TLS 1.3 tells the client only with the first octets.
        if (result instanceof Error) return;
        const answer = await served(result);
        result.destroy();
        const reached = bench.origin.take().requests.length > 0;
        if (answer && reached) throw new Violation(`a client certificate: ${name}`, 'no service', 'a 200');
      },
    }),
  ),
  verifies(
    'a trusted origin',
    [200],
    upstream('trusted', (base) => base),
  ),
  verifies(
    'an unknown authority',
    [502, 503],
    upstream('unknown authority', (base) => ({ serverName: base.serverName! })),
  ),
  verifies(
    'another authority',
    [502, 503],
    upstream('another authority', (base, { stranger }) => ({ ...base, ca: stranger.ca })),
  ),
  verifies(
    'another name',
    [502, 503],
    upstream('another name', (base) => ({ ...base, serverName: 'other.example' })),
  ),
  verifies(
    'switched off',
    [200],
    upstream('not verified', () => ({ verify: false })),
  ),
  answered({
    rule: 'tls-truncation',
    name: 'a body that ends with the connection',
    needs: ['tls-origination'],
    setup: upstream('truncation', (base) => base),
    origin: 'HTTP/1.1 200 OK\r\nX: 1\r\n\r\nhello',
    ends: 'reset',
    client: { status: 200, complete: false },
  }),
];
