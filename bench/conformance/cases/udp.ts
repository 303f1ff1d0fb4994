/** UDP sessions: one a 4-tuple, capped, expiring, never mixed up. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Limits, Timeouts } from '#proxies/config/intent.ts';
import type { Bench } from '../bench.ts';
import { Changes } from '../changes.ts';
import type { ConformanceCase } from '../contract.ts';
import { Violation } from '../violation.ts';
import { bytes } from '../setups.ts';

/** One end that speaks UDP, with all that it received. */
class Datagrams implements AsyncDisposable {
  readonly received: { readonly text: string; readonly from: RemoteInfo }[] = [];
  readonly changes = new Changes();
  readonly #socket: Socket;

  private constructor(socket: Socket, reply: boolean) {
    this.#socket = socket;
    socket.on('message', (message, from) => {
      this.received.push({ text: message.toString('latin1'), from });
      if (reply) socket.send(`re:${message.toString('latin1')}`, from.port, from.address);
      this.changes.notify();
    });
  }

  static async open(port: number, reply: boolean): Promise<Datagrams> {
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return new Datagrams(socket, reply);
  }

  send(text: string, { host, port }: { host: string; port: number }): void {
    this.#socket.send(Buffer.from(text, 'latin1'), port, host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

const RESEND = 20;

/** Datagrams may be lost: sent again until the answer is there. */
async function ask(bench: Bench, client: Datagrams, text: string): Promise<void> {
  const answered = () => client.received.some((each) => each.text === `re:${text}`);
  client.send(text, bench.target);
  const again = setInterval(() => client.send(text, bench.target), RESEND);
  try {
    await client.changes.until(answered, bench.signal);
  } finally {
    clearInterval(again);
  }
}

const udp = (name: string, limits: Partial<Limits>, timeouts: Partial<Timeouts>) =>
  bytes(`UDP ${name}`, (base) => ({ ...base, limits, timeouts }));

type Row = Pick<ConformanceCase, 'rule' | 'name' | 'setup' | 'quick'> & {
  run(bench: Bench, origin: Datagrams, clients: readonly [Datagrams, Datagrams]): Promise<void>;
};

const rows: readonly Row[] = [
  {
    rule: 'udp-session',
    name: 'two clients: own ports, own answers',
    quick: true,
    setup: udp('plain', {}, {}),
    async run(bench, origin, clients) {
      for (const round of [1, 2, 3])
        await Promise.all(clients.map((client, index) => ask(bench, client, `${index} in round ${round}`)));
      const ports = clients.map((_, index) => {
        const from = origin.received.filter(({ text }) => text.startsWith(`${index} `)).map((each) => each.from.port);
        return [...new Set(from)];
      });
      if (ports.some((each) => each.length !== 1) || ports[0]![0] === ports[1]![0])
        throw new Violation('datagrams of two clients', 'one session each', JSON.stringify(ports));
      for (const [index, { received }] of clients.entries())
        if (received.some(({ text }) => !text.startsWith(`re:${index} `)))
          throw new Violation('datagrams of two clients', 'own answers only', 'those of another client');
    },
  },
  {
    rule: 'udp-empty',
    name: 'there and back',
    setup: udp('plain', {}, {}),
    async run(bench, origin, [client]) {
      await ask(bench, client, '');
      if (!origin.received.some(({ text }) => text === ''))
        throw new Violation('no byte', 'a datagram of no byte', 'none');
    },
  },
  {
    rule: 'udp-expiry',
    name: 'makes room for another',
    setup: udp('one session, short', { udpSessions: 1 }, { udpSession: 150 }),
    async run(bench, _origin, [first, second]) {
      await ask(bench, first, 'first');
      await ask(bench, second, 'second');
    },
  },
  {
    rule: 'udp-cap',
    name: 'one session',
    setup: udp('one session', { udpSessions: 1 }, {}),
    async run(bench, origin, [first, second]) {
      await ask(bench, first, 'first');
      for (let time = 0; time < 5; time++) second.send('second', bench.target);
      for (let time = 0; time < 5; time++) await ask(bench, first, `fence ${time}`);
      if (origin.received.some(({ text }) => text === 'second'))
        throw new Violation('a second client', 'none of it at the origin', 'its datagrams');
    },
  },
];

export const udpCases: readonly ConformanceCase[] = rows.map((row) => ({
  ...row,
  layer: 'l4',
  needs: ['udp'],
  async run(bench) {
    await using origin = await Datagrams.open(bench.origin.address.port, true);
    await using first = await Datagrams.open(0, false);
    await using second = await Datagrams.open(0, false);
    await row.run(bench, origin, [first, second]);
  },
}));
