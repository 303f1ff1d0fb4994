/**
 * Faults of the system, for a process that runs a proxy: loaded by `--import` ahead of it. Each SIGUSR2 switches them on, with the next
 * seed, or off. While they are on, every call below fails, or stalls, as often as `RATE` says.
 *
 * It stands where the runtime meets libuv, so the proxy is the real one, whatever path its octets take.
 */
import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { oneOf, seeded } from './random.ts';

const RATE = 0.15;

const OUTCOMES = {
  accept: ['EMFILE', 'ENFILE', 'ECONNABORTED'],
  /** The other end is gone by the time somebody asks who it is. */
  address: ['ENOTCONN'],
  bind: ['EMFILE', 'EADDRINUSE'],
  connect: ['ECONNREFUSED', 'ECONNRESET', 'EMFILE', 'ENETUNREACH', 'stall'],
  file: ['ENOSPC', 'EIO', 'short', 'stall'],
  lookup: ['EAI_AGAIN', 'ENOTFOUND', 'stall'],
  read: ['ECONNRESET', 'ETIMEDOUT'],
  send: ['ENOBUFS', 'EPERM'],
  shutdown: ['ENOTCONN', 'EPIPE'],
  write: ['ECONNRESET', 'EPIPE', 'ENOBUFS'],
} as const;

type Call = keyof typeof OUTCOMES;

let random: (() => number) | undefined;
let seed = 0;
process.on('SIGUSR2', () => {
  random = random ? undefined : seeded(++seed);
});

/** What happens to this call; undefined: what would have happened anyway. */
function fate(call: Call): string | undefined {
  return random && random() < RATE ? oneOf(random, OUTCOMES[call]) : undefined;
}

const errnoOf = (code: string): number => -constants.errno[code as keyof typeof constants.errno];
const failure = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Puts another function in a method's place, which is told of the one that stood there. */
function replace(target: object | undefined, name: string, make: (original: Method) => Method): void {
  const methods = target as Record<string, Method | undefined> | undefined;
  const original = methods?.[name];
  if (methods && original) methods[name] = make(original);
}

/** A call into libuv: it gives a negative errno, or 0 for what then never completes. */
const failing =
  (call: Call) =>
  (original: Method): Method =>
    function (...args) {
      const outcome = fate(call);
      if (outcome === undefined) return original.apply(this, args);
      return outcome === 'stall' ? 0 : errnoOf(outcome);
    };

type Binding = Readonly<Record<string, { readonly prototype: object } | undefined>>;
const runtime = process as unknown as { binding(name: string): Binding };
const tcp = runtime.binding('tcp_wrap')['TCP']?.prototype;
const tls = runtime.binding('tls_wrap')['TLSWrap']?.prototype;
const udp = runtime.binding('udp_wrap')['UDP']?.prototype;
if (!tcp || !tls || !udp) throw new Error('this runtime has other bindings than the ones that faults are put into');

for (const name of ['writeBuffer', 'writeLatin1String', 'writeUtf8String', 'writev']) {
  replace(tcp, name, failing('write'));
  replace(tls, name, failing('write'));
}
for (const name of ['connect', 'connect6']) {
  replace(tcp, name, failing('connect'));
  replace(udp, name, failing('address')); // it has no way to stall
}
for (const name of ['bind', 'bind6']) replace(udp, name, failing('bind'));
for (const name of ['send', 'send6']) replace(udp, name, failing('send'));
replace(tcp, 'shutdown', failing('shutdown'));
replace(tcp, 'readStart', failing('read'));
replace(tcp, 'getpeername', failing('address'));

/** Once a handle listens, the system finds this between itself and whatever callback anybody sets. */
replace(
  tcp,
  'listen',
  (original) =>
    function (this: unknown, ...args) {
      const handle = this as { onconnection: Method };
      let { onconnection } = handle;
      const accept: Method = function (this: unknown, status, client) {
        const outcome = status === 0 ? fate('accept') : undefined;
        if (outcome === undefined) return onconnection.call(this, status, client);
        (client as { close(): void }).close();
        return onconnection.call(this, errnoOf(outcome), undefined);
      };
      Object.defineProperty(handle, 'onconnection', {
        get: () => accept,
        set(callback: Method) {
          onconnection = callback;
        },
      });
      return original.apply(this, args);
    },
);

replace(dnsPromises, 'lookup', (original) => async (...args) => {
  const outcome = fate('lookup');
  if (outcome === 'stall') return new Promise(() => {});
  if (outcome !== undefined) throw failure(outcome, 'getaddrinfo');
  return original(...args);
});
replace(dns, 'lookup', (original) => (...args) => {
  const outcome = fate('lookup');
  const done = args.at(-1) as (error: Error) => void;
  if (outcome === undefined) return original(...args);
  if (outcome !== 'stall') process.nextTick(done, failure(outcome, 'getaddrinfo'));
  return {};
});
syncBuiltinESMExports();

const file = await open('/dev/null', 'w');
replace(
  Object.getPrototypeOf(file) as object,
  'write',
  (original) =>
    async function (this: unknown, ...args) {
      const outcome = fate('file');
      if (outcome === 'stall') await new Promise((resolve) => setTimeout(resolve, 300));
      else if (outcome === 'short') args[0] = (args[0] as Buffer).subarray(0, 7);
      else if (outcome !== undefined) throw failure(outcome, 'write');
      return original.apply(this, args);
    },
);
await file.close();
