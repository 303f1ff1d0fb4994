/**
 * Loaded by `--import` into every thread of a process. SIGUSR2 kills event loops: the one whose thread VICTIM names, 'all' of them, or
 * for 'ever' all of them and each that is started after.
 */
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

const channel = new BroadcastChannel('trap');
channel.unref();
const die = (): void =>
  void setImmediate(() => {
    throw new Error('planted death');
  });

if (isMainThread)
  process.on('SIGUSR2', () => {
    const victim = process.env['VICTIM'];
    if (victim === 'ever') process.env['DOOMED'] = 'yes'; // threads begin with a copy of this
    channel.postMessage(victim);
  });
else {
  channel.onmessage = (message) => {
    const { data } = message as { data: string };
    if (data === 'all' || data === 'ever' || Number(data) === threadId) die();
  };
  if (process.env['DOOMED'] !== undefined) die();
}
