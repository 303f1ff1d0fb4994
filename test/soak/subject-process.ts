/** A proxy in a process of its own, asked over IPC. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import type { Holdings, SubjectRequest } from './subject.ts';

export const certificate = createCertificate();

export interface Subject extends AsyncDisposable {
  readonly name: string;
  readonly address: Endpoint;
  /** Whether its clients speak TLS. */
  readonly tls: boolean;
  inspect(): Promise<Holdings>;
  reload(change: Partial<ProxyIntent>): Promise<void>;
  drain(): Promise<void>;
}

/** `l7-tls` gets a certificate. Rejects as the proxy's own `start` does. */
export async function startSubject(
  name: string,
  endpoints: readonly Endpoint[],
  more: Partial<ProxyIntent> = {},
): Promise<Subject> {
  const tls = name.startsWith('l7-tls');
  const child = fork(new URL('./subject.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  const exited = once(child, 'exit');
  let last = 0;
  const ask = <T>(request: SubjectRequest): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      const settle = (reply: { id: number; value?: unknown; error?: { message: string; code?: string } }) => {
        if (reply.id !== id) return;
        leave();
        if (reply.error) reject(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
        else resolve(reply.value as T);
      };
      const onExit = (code: number | null) => {
        leave();
        reject(new Error(`${name} exited with ${code} while asked to ${request.call}`));
      };
      const leave = () => child.off('message', settle).off('exit', onExit);
      child.on('message', settle).on('exit', onExit);
      child.send({ ...request, id });
    });
  const intentOf = (address: Endpoint, change: Partial<ProxyIntent>): ProxyIntent => ({
    listener: {
      address,
      ...(tls && { tls: { certificates: [{ cert: certificate.cert, key: certificate.key }] } }),
    },
    clusters: [{ name: 'origin', endpoints }],
    defaultCluster: 'origin',
    ...more,
    ...change,
  });
  try {
    const address = await ask<Endpoint>({
      call: 'start',
      name,
      intent: intentOf({ host: '127.0.0.1', port: 0 }, {}),
    });
    return {
      name,
      address,
      tls,
      inspect: () => ask<Holdings>({ call: 'inspect' }),
      reload: (change) => ask({ call: 'reload', intent: intentOf(address, change) }),
      drain: () => ask({ call: 'drain' }),
      async [Symbol.asyncDispose]() {
        child.disconnect();
        await exited;
      },
    };
  } catch (error) {
    child.kill();
    throw error;
  }
}
