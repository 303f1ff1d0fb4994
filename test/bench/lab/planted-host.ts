/**
 * Child entry for tests of `HostChild`: speaks the protocol of `backends/host.ts` and misbehaves as its job says.
 * `deaf` ignores stop, SIGTERM and the loss of its parent; `brood` starts a child of its own in the same group and reports it.
 */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';

interface Job {
  readonly nonce: string;
  readonly behaviour: 'good' | 'deaf' | 'brood' | 'wrong-nonce' | 'fails' | 'exits' | 'silent';
}

const keepAlive = setInterval(() => {}, 1_000);
let deaf = false;

function start({ nonce, behaviour }: Job): void {
  if (behaviour === 'silent') return;
  if (behaviour === 'exits') {
    console.error('planted: giving up');
    process.exit(7);
  }
  if (behaviour === 'fails')
    return void process.send?.({ kind: 'failed', error: { code: 'EADDRINUSE', message: 'planted' } }, () =>
      process.exit(1),
    );
  deaf = behaviour === 'deaf';
  const pids = [process.pid];
  if (behaviour === 'brood') pids.push(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']).pid!);
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({
      kind: 'ready',
      nonce: behaviour === 'wrong-nonce' ? 'another' : nonce,
      address: { host: '127.0.0.1', port },
      pids,
      pid: process.pid,
    });
  });
}

const stop = () => {
  if (deaf) return;
  clearInterval(keepAlive);
  process.exit(0);
};

process.on('message', (message: Job | { kind: string; id: number }) => {
  if (!('kind' in message)) return start(message);
  if (message.kind === 'stop') return stop();
  if (message.kind === 'elu') return void process.send?.({ ...message, ...performance.eventLoopUtilization() });
  if (message.kind === 'counters') process.send?.({ ...message, counters: { connections: 3, requests: 5 } });
});
process.on('SIGTERM', stop);
process.on('disconnect', stop);
