/** One check of one endpoint: a connection, and over it a GET where HTTP is asked for. Each on a connection of its own. */
import type { Endpoint, HealthCheck, StatusRange } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import type { Probe } from './health-check.ts';

/** Opens a connection; TLS to the origin is another one of these. */
export type Dial = (endpoint: Endpoint, handler: ConnectHandler, timeout: number) => Connecting;

/** Of an answer that has no end of its head within it nobody wants to know more. */
const LONGEST_HEAD = 65_536;

/** A GET, as any version of HTTP can put it. */
interface Question {
  readonly path: string;
  readonly authority: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly secure: boolean;
}

/**
 * Asks on a wire that was opened for it, which it takes over. `told`: the status of the final answer, or why there is none; all but the
 * first call are ignored.
 */
export type AskStatus = (wire: Wire, question: Question, told: (found: number | string) => void) => void;

interface ProbeOptions {
  readonly dial: Dial;
  /** `dial` goes by TLS. */
  readonly secure?: boolean;
  /** How the origin is asked on this wire where it does not speak HTTP/1.1; undefined: it does. */
  readonly askOn?: (wire: Wire) => AskStatus | undefined;
}

/** Asks as the policy says. The checks' own time-out ends what is under way, by the signal. */
export function createProbe(check: HealthCheck, { dial, secure = false, askOn }: ProbeOptions): Probe {
  return (endpoint, signal) => {
    const to = { host: endpoint.host, port: check.port ?? endpoint.port };
    const question = check.kind === 'http' ? questionOf(check, to, secure) : undefined;
    const expected = check.kind === 'http' ? (check.expected ?? POLICIES.healthCheck.expected) : [];
    return new Promise((resolve) => {
      const attempt = new Attempt(question, expected, resolve, askOn);
      attempt.start(dial(to, attempt, 0), signal);
    });
  };
}

function questionOf({ path, host }: Extract<HealthCheck, { kind: 'http' }>, to: Endpoint, secure: boolean): Question {
  const name = to.host.includes(':') ? `[${to.host}]` : to.host;
  return {
    path: path ?? POLICIES.healthCheck.path,
    authority: host ?? (to.port === (secure ? 443 : 80) ? name : `${name}:${to.port}`),
    fields: [
      ['User-Agent', 'hopcost-health-check'],
      ['Accept', '*/*'],
    ],
    secure,
  };
}

function requestText({ path, authority, fields }: Question): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\n${lines}Connection: close\r\n\r\n`;
}

class Attempt implements ConnectHandler {
  readonly #question: Question | undefined;
  readonly #expected: readonly StatusRange[];
  readonly #done: (why: string | undefined) => void;
  readonly #askOn: ProbeOptions['askOn'];
  #connecting: Connecting | undefined;
  #wire: Wire | undefined;
  #head = '';

  constructor(
    question: Question | undefined,
    expected: readonly StatusRange[],
    done: (why: string | undefined) => void,
    askOn: ProbeOptions['askOn'],
  ) {
    this.#question = question;
    this.#expected = expected;
    this.#done = done;
    this.#askOn = askOn;
  }

  start(connecting: Connecting, signal: AbortSignal): void {
    this.#connecting = connecting;
    signal.addEventListener('abort', () => this.#finish('called off'), { once: true });
  }

  onConnect(wire: Wire): void {
    this.#wire = wire;
    const question = this.#question;
    if (question === undefined) return this.#finish(undefined);
    const ask = this.#askOn?.(wire);
    if (ask !== undefined)
      return ask(wire, question, (found) => (typeof found === 'number' ? this.#judge(found) : this.#finish(found)));
    wire.writeLatin1(requestText(question));
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
