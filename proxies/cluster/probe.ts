/** One check of one endpoint: a connection, and over it a GET where HTTP is asked for. Each on a connection of its own. */
import type { Endpoint, HealthCheck, StatusRange } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import type { Probe } from './health-check.ts';

/** Opens a connection; TLS to the origin is another one of these. */
export type Dial = (endpoint: Endpoint, handler: ConnectHandler, timeout: number) => Connecting;

/** Of an answer that has no end of its head within it nobody wants to know more. */
const LONGEST_HEAD = 65_536;

/** Asks as the policy says. `secure`: `dial` goes by TLS. The checks' own time-out ends what is under way, by the signal. */
export function createProbe(check: HealthCheck, dial: Dial, secure = false): Probe {
  return (endpoint, signal) => {
    const port = check.port ?? endpoint.port;
    const request = check.kind === 'http' ? requestText(check, { host: endpoint.host, port }, secure) : '';
    const expected = check.kind === 'http' ? (check.expected ?? POLICIES.healthCheck.expected) : [];
    return new Promise((resolve) => {
      const attempt = new Attempt(request, expected, resolve);
      attempt.start(dial({ host: endpoint.host, port }, attempt, 0), signal);
    });
  };
}

function requestText({ path, host }: Extract<HealthCheck, { kind: 'http' }>, to: Endpoint, secure: boolean): string {
  const name = to.host.includes(':') ? `[${to.host}]` : to.host;
  const authority = host ?? (to.port === (secure ? 443 : 80) ? name : `${name}:${to.port}`);
  return (
    `GET ${path ?? POLICIES.healthCheck.path} HTTP/1.1\r\nHost: ${authority}\r\n` +
    'User-Agent: hopcost-health-check\r\nAccept: */*\r\nConnection: close\r\n\r\n'
  );
}

class Attempt implements ConnectHandler {
  readonly #request: string;
  readonly #expected: readonly StatusRange[];
  readonly #done: (why: string | undefined) => void;
  #connecting: Connecting | undefined;
  #wire: Wire | undefined;
  #head = '';

  constructor(request: string, expected: readonly StatusRange[], done: (why: string | undefined) => void) {
    this.#request = request;
    this.#expected = expected;
    this.#done = done;
  }

  start(connecting: Connecting, signal: AbortSignal): void {
    this.#connecting = connecting;
    signal.addEventListener('abort', () => this.#finish('called off'), { once: true });
  }

  onConnect(wire: Wire): void {
    this.#wire = wire;
    if (this.#request === '') return this.#finish(undefined);
    wire.writeLatin1(this.#request);
    return wire.resume();
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#done(error.message);
  }

  onData(chunk: Buffer): void {
    this.#head += chunk.toString('latin1');
    for (;;) {
      const line = /^HTTP\/1\.[01] (\d{3})(?: [^\n]*)?\r?\n/.exec(this.#head);
      if (line === null) {
        if (this.#head.includes('\n')) this.#finish('its answer is no HTTP/1.1');
        else if (this.#head.length > LONGEST_HEAD) this.#finish('its answer does not end');
        return;
      }
      const status = Number(line[1]);
      if (status >= 200) return this.#judge(status);
      // What is informational goes before the answer.
      const end = /\r?\n\r?\n/.exec(this.#head);
      if (end === null && this.#head.length > LONGEST_HEAD) return this.#finish('its answer does not end');
      if (end === null) return;
      this.#head = this.#head.slice(end.index + end[0].length);
    }
  }

  #judge(status: number): void {
    const isExpected = this.#expected.some(({ from, to }) => status >= from && status <= to);
    this.#finish(isExpected ? undefined : `status ${status}`);
  }

  onEnd(): void {
    this.#finish('it closed before it answered');
  }

  onDrain(): void {}

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#done(error?.message ?? 'it closed before it answered');
  }

  #finish(why: string | undefined): void {
    this.#done(why);
    this.#connecting?.abandon();
    this.#wire?.destroy();
  }
}
