/**
 * Faults of the system, for a process that runs a proxy: loaded by `--import` ahead of it. Each SIGUSR2 switches them on, with the next
 * seed, or off. While they are on, chosen calls below fail or stall: a few succeed, then one does not, and so on.
 *
 * It stands where the runtime meets libuv, so the proxy is the real one, whatever path its bytes take. Asked `{ kind: 'figures' }` over
 * IPC it answers with `Figures`.
 */
import dnsPromises from 'node:dns/promises';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import 'node:tls'; // gives its handles their methods
import { mulberry32 } from '#proxies/platform/random.ts';
import { oneOf } from '#test/random.ts';
import { ORIGIN_HOST } from './origin-host.ts';

export interface Figures {
  /** Timers that are yet to fire. */
  readonly timers: number;
  /** How often each outcome came about. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Calls of one kind that pass between two that do not, at most. */
const GAP = 12;
/** Milliseconds by which what stalls comes late, where it comes at all: longer than the time-outs of the proxy. */
const LATE = 400;

const OUTCOMES = {
  /** Stalled: the proxy is told of the connection late. */
  accept: ['EMFILE', 'ENFILE', 'ECONNABORTED', 'stall'],
  /** The other end is gone by the time somebody asks who it is. */
  address: ['ENOTCONN'],
  bind: ['EMFILE', 'EADDRINUSE'],
  connect: ['ECONNREFUSED', 'ECONNRESET', 'EMFILE', 'ENETUNREACH', 'stall'],
  file: ['ENOSPC', 'EIO', 'short', 'stall'],
  lookup: ['EAI_AGAIN', 'ESERVFAIL', 'ENOTFOUND', 'stall'],
  /** Stalled: nothing is ever read. */
  read: ['ECONNRESET', 'ETIMEDOUT', 'stall'],
  send: ['ENOBUFS', 'EPERM'],
  shutdown: ['ENOTCONN', 'EPIPE', 'stall'],
  /** Stalled: from then on nothing leaves, until the connection is closed. */
  write: ['ECONNRESET', 'EPIPE', 'ENOBUFS', 'stall'],
} as const;

type Call = keyof typeof OUTCOMES;

let random: (() => number) | undefined;
let seed = 0;
/** Calls that still pass, by kind. */
const passing = new Map<Call, number>();
process.on('SIGUSR2', () => {
  random = random ? undefined : mulberry32(++seed);
  passing.clear();
});

const faults: Record<string, number> = {};

/** What happens to this call; undefined: what would have happened anyway. */
function fate(call: Call): string | undefined {
  if (!random) return undefined;
  const left = passing.get(call) ?? (call === 'file' ? 0 : Math.floor(random() * 3)); // a log is written once a second
  passing.set(call, left > 0 ? left - 1 : Math.floor(random() * (GAP + 1)));
  if (left > 0) return undefined;
  const outcome = oneOf(random, OUTCOMES[call]);
  faults[`${call} ${outcome}`] = (faults[`${call} ${outcome}`] ?? 0) + 1;
  return outcome;
}

const errnoOf = (code: string): number => -constants.errno[code as keyof typeof constants.errno];
const failure = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
const late = (): Promise<void> => new Promise((resolve) => untold.setTimeout(resolve, LATE));

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Puts another function in a method's place, which is told of the one that stood there. */
function replace(target: object | undefined, name: string, make: (original: Method) => Method): void {
  const methods = target as Record<string, Method | undefined> | undefined;
  const original = methods?.[name];
  if (methods && original) methods[name] = make(original);
}

// Timers, counted.

const untold = { setTimeout };
const timers = new Set<unknown>();
for (const name of ['setTimeout', 'setInterval'] as const)
  replace(globalThis, name, (original) =>
    Object.assign(function (this: unknown, callback: unknown, ...args: unknown[]) {
      const timer = original(
        function (...values: unknown[]) {
          if (name === 'setTimeout') timers.delete(timer);
          (callback as Method)(...values);
        },
        ...args,
      );
      timers.add(timer);
      return timer;
    }, original),
  );
for (const name of ['clearTimeout', 'clearInterval'])
  replace(globalThis, name, (original) => (timer) => {
    timers.delete(timer);
    original(timer);
  });

const answer = (message: unknown): void => {
  if ((message as { kind?: string }).kind !== 'figures') return;
  process.send?.({ kind: 'figures', timers: timers.size, faults } satisfies Figures & { kind: string });
};
// Not ahead of the proxy's own listener, which would miss its first message.
process.on('newListener', function begin(event) {
  if (event !== 'message') return;
  process.off('newListener', begin);
  process.on('message', answer);
});

// Connections and datagrams.

/** A call into libuv: it gives a negative errno, or 0 for what then never completes. */
const failing =
  (call: Call) =>
  (original: Method): Method =>
    function (...args) {
      const outcome = fate(call);
      if (outcome === undefined) return original.apply(this, args);
      return outcome === 'stall' ? 0 : errnoOf(outcome);
    };

interface WriteRequest {
  oncomplete(status: number): void;
  writeStatus: number | null;
}

/** What handles were given and do not take: all that follows waits behind it, until the handle is closed. */
const stalled = new WeakMap<object, WriteRequest[]>();

const failingWrite = (original: Method): Method =>
  function (this: unknown, ...args) {
    const handle = this as object;
    const outcome = stalled.has(handle) ? 'stall' : fate('write');
    if (outcome === undefined) return original.apply(this, args);
    if (outcome !== 'stall') return errnoOf(outcome);
    const request: WriteRequest = { oncomplete() {}, writeStatus: null };
    stalled.set(handle, [...(stalled.get(handle) ?? []), request]);
    streamState[writeError] = 0;
    return request;
  };

/** A FIN does not overtake what waits. */
const failingShutdown = (original: Method): Method => {
  const fails = failing('shutdown')(original);
  return function (this: unknown, ...args) {
    return stalled.has(this as object) ? 0 : fails.apply(this, args);
  };
};

/** The system gives up what waits, before it says that the handle is closed. */
const closing = (original: Method): Method =>
  function (this: unknown, ...args) {
    const waiting = stalled.get(this as object) ?? [];
    stalled.delete(this as object);
    setImmediate(() => {
      for (const request of waiting) request.oncomplete(errnoOf('ECANCELED'));
    });
    return original.apply(this, args);
  };

type Binding = Readonly<Record<string, { readonly prototype: object } | undefined>>;
const runtime = process as unknown as { binding(name: string): Binding };
const tcp = runtime.binding('tcp_wrap')['TCP']?.prototype;
const tls = runtime.binding('tls_wrap')['TLSWrap']?.prototype;
const udp = runtime.binding('udp_wrap')['UDP']?.prototype;
const { streamBaseState: streamState, kLastWriteErr: writeError } = runtime.binding('stream_wrap') as unknown as {
  streamBaseState: Int32Array;
  kLastWriteErr: number;
};
if (!tcp || !tls || !udp || !(streamState instanceof Int32Array))
  throw new Error('this runtime has other bindings than the ones that faults are put into');

for (const handle of [tcp, tls]) {
  for (const name of ['writeBuffer', 'writeLatin1String', 'writeUtf8String', 'writev'])
    replace(handle, name, failingWrite);
  replace(handle, 'shutdown', failingShutdown);
  replace(handle, 'readStart', failing('read'));
  replace(handle, 'close', closing);
}
replace(tcp, 'reset', closing);
for (const name of ['connect', 'connect6']) {
  replace(tcp, name, failing('connect'));
  replace(udp, name, failing('address')); // it has no way to stall
}
for (const name of ['bind', 'bind6']) replace(udp, name, failing('bind'));
for (const name of ['send', 'send6']) replace(udp, name, failing('send'));
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
        if (outcome === 'stall') return void late().then(() => onconnection.call(this, status, client));
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

// Names. What stalls ends, as the runtime's own questions do.

const answering =
  (addresses: readonly string[]) =>
  (original: Method): Method =>
    async function (this: unknown, ...args) {
      if (args[0] !== ORIGIN_HOST) return original.apply(this, args);
      const outcome = fate('lookup');
      if (outcome === 'stall') await late();
      if (outcome !== undefined) throw failure(outcome === 'stall' ? 'ETIMEOUT' : outcome, 'query');
      if (addresses.length === 0) throw failure('ENODATA', 'query');
      return addresses;
    };
replace(dnsPromises.Resolver.prototype, 'resolve4', answering(['127.0.0.1']));
replace(dnsPromises.Resolver.prototype, 'resolve6', answering([]));
syncBuiltinESMExports();

const file = await open('/dev/null', 'w');
replace(
  Object.getPrototypeOf(file) as object,
  'write',
  (original) =>
    async function (this: unknown, ...args) {
      const outcome = fate('file');
      if (outcome === 'stall') await late();
      else if (outcome === 'short') args[0] = (args[0] as Buffer).subarray(0, 7);
      else if (outcome !== undefined) throw failure(outcome, 'write');
      return original.apply(this, args);
    },
);
await file.close();
