/** A file that is read again whenever it changes, however it is changed: written over, replaced by another, or by a link to another. */
import { unwatchFile, watchFile, type StatsListener } from 'node:fs';
import { open } from 'node:fs/promises';
import { tellFault } from './notices.ts';

/** Milliseconds. Files are looked at rather than watched by the kernel, which loses sight of one that is replaced. */
const LOOK = 250;

/** Bytes. A file of settings that is longer is none. */
const LONGEST = 16 * 1024 * 1024;

/** Rejects with the system's error, or where it is no regular file, or too long. */
export async function readSmallFile(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error(`${path}: expected a regular file`);
  if (stats.size > LONGEST) throw new Error(`${path}: ${stats.size} bytes, expected ${LONGEST} at the most`);
  return file.readFile('utf8');
}

/** Calls `onChange` some time after each change, never twice at once, until it is disposed of. Keeps no process alive. */
export function watchForChanges(path: string, onChange: () => Promise<void>): Disposable {
  let isBusy = false;
  let isMissed = false;
  let isOver = false;
  const run = async (): Promise<void> => {
    isBusy = true;
    do {
      isMissed = false;
      await onChange().catch(tellFault);
    } while (isMissed && !isOver);
    isBusy = false;
  };
  const listener: StatsListener = (now, before) => {
    const isSame = now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size;
    // Inode 0: it is not there at the moment, as when it is about to be replaced.
    if (isSame || now.ino === 0 || isOver) return;
    if (isBusy) isMissed = true;
    else void run();
  };
  watchFile(path, { interval: LOOK, persistent: false }, listener);
  return {
    [Symbol.dispose]() {
      isOver = true;
      unwatchFile(path, listener);
    },
  };
}
