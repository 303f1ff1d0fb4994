/** Rules for whoever ends TLS: the subject itself, or the origin behind it. That the chain is verified is part of every connection. */
import { once } from 'node:events';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { type Target, tlsOptions } from '../wire.ts';
import { expect, type PreflightCase } from './case.ts';

/** Handshakes with more options than a wire has; rejects as the handshake fails. */
async function handshake(target: Target, options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  const { host, port, tls } = target;
  if (!tls) throw new Error(`${host}:${port} is not a TLS target`);
  const socket = connect({
    host,
    port,
    ...tlsOptions(tls),
    ALPNProtocols: ['http/1.1'],
    ...options,
  });
  try {
    await once(socket, 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

export const tlsCases: readonly PreflightCase[] = [
  {
    rule: 'the certificate chains to the run’s authority, over TLS 1.3',
    origin: 'http-fixed',
    async run({ target }, signal) {
      const socket = await handshake(target, {}, signal);
      const protocol = socket.getProtocol();
      const { name } = socket.getCipher();
      socket.destroy();
      expect(socket.authorized, () => `not authorised: ${String(socket.authorizationError)}`);
      expect(protocol === 'TLSv1.3', () => `expected TLS 1.3, got ${protocol}`);
      return `${protocol}, ${name}`;
    },
  },
  {
    rule: 'TLS 1.2 is spoken, 1.1 is refused',
    origin: 'http-fixed',
    async run({ target }, signal) {
      const socket = await handshake(target, { maxVersion: 'TLSv1.2' }, signal);
      const protocol = socket.getProtocol();
      socket.destroy();
      expect(protocol === 'TLSv1.2', () => `expected TLS 1.2, got ${protocol}`);
      // OpenSSL offers 1.1 at its lowest security level only.
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      const spoken = await handshake(target, old, signal).then(
        (accepted) => (accepted.destroy(), accepted.getProtocol()),
        () => undefined,
      );
      expect(spoken === undefined, () => `expected a refusal of TLS 1.1, got a connection with ${spoken}`);
      return '1.2 accepted, 1.1 refused';
    },
  },
  {
    rule: 'a session ticket resumes the session',
    origin: 'http-fixed',
    async run({ target }, signal) {
      const first = await handshake(target, {}, signal);
      const ticket = once(first, 'session', { signal });
      // TLS 1.3 tickets come after the handshake, with the first data that is read.
      first.resume();
      first.write('GET /bytes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [session] = (await ticket) as [Buffer];
      first.destroy();
      const second = await handshake(target, { session }, signal);
      const resumed = second.isSessionReused();
      second.destroy();
      expect(resumed, () => 'the second connection did a full handshake');
      return 'resumed';
    },
  },
];
