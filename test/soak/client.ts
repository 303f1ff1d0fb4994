/** A raw keep-alive client: writes requests as given, reads answers by Content-Length, never sends anything twice. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { Subject } from './subject-process.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A connection to a subject, secured where it speaks TLS. Errors are the caller's to hear. */
export function dial({ address, tls: secured }: Pick<Subject, 'address' | 'tls'>): net.Socket {
  const options = { ...address, noDelay: true };
  return secured
    ? tls.connect({ ...options, rejectUnauthorized: false, servername: 'localhost' })
    : net.connect(options);
}

export class Client implements Disposable {
  readonly socket: net.Socket;
  readonly connected: Promise<unknown>;
  #text = '';
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(subject: Pick<Subject, 'address' | 'tls'>) {
    this.socket = dial(subject);
    this.connected = once(this.socket, subject.tls ? 'secureConnect' : 'connect');
    this.connected.catch(() => {});
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: string | Buffer) => {
      this.#text += String(text);
      this.#wake?.();
    });
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('end', () => this.#fail(new Error('ended by the proxy')));
    this.socket.on('close', () => this.#fail(new Error('closed')));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  /** Rejects where the connection ends before the whole answer. Its head must have Content-Length. */
  async ask(request: string): Promise<Answer> {
    await this.connected;
    this.socket.write(request, 'latin1');
    for (;;) {
      const end = this.#text.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.#text.slice(0, end);
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? NaN);
        const last = end + 4 + length;
        if (Number.isNaN(length)) throw new Error(`no Content-Length in ${head}`);
        if (this.#text.length >= last) {
          const body = this.#text.slice(end + 4, last);
          this.#text = this.#text.slice(last);
          return { status: Number(head.slice(9, 12)), body };
        }
      }
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: soak\r\n${fields}\r\n`;
