/** A program that behaves as a peer may: listens, has workers, leaves them alone, refuses its configuration. Told by its arguments. */
import { fork } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [behaviour, port] = process.argv.slice(2);

const listen = (): void => void createServer((socket) => socket.pipe(socket)).listen(Number(port), '127.0.0.1');
/** It does not notice by itself that its master is gone. */
const stay = (): void => void setInterval(() => {}, 1_000);

const BEHAVIOURS: Readonly<Record<string, () => void>> = {
  listens: listen,
  'has workers'() {
    const workers = [1, 2].map(() => fork(import.meta.filename, ['worker']));
    // As real masters do; killed, it can tell them nothing.
    process.on('SIGTERM', () => {
      for (const worker of workers) worker.kill();
      process.exit();
    });
    listen();
  },
  worker: stay,
  'exits at once'() {
    console.error('first line\nlast words');
    process.exitCode = 3;
  },
  'finds its port taken once'() {
    if (existsSync(process.env['PLANTED_MARK']!)) return listen();
    writeFileSync(process.env['PLANTED_MARK']!, '');
    console.error('bind: Address already in use');
    process.exitCode = 1;
  },
  'hears no TERM'() {
    process.on('SIGTERM', () => {});
    listen();
  },
  approves() {},
  refuses() {
    console.error('unknown directive "nonsense" in line 1');
    process.exitCode = 1;
  },
};

BEHAVIOURS[behaviour ?? '']?.();
