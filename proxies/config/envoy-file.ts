/** Files that an Envoy configuration names. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Fields } from './fields.ts';

/** A chain of certificates, or the body of a reply, is far smaller. */
const MOST = 1024 * 1024;

/**
 * The text of a regular file of at most 1 MiB: a device may go on for ever, a pipe may never begin.
 * @throws Error of the system, or one that says what was expected.
 */
function readRegular(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`expected a regular file, ${path} is none`);
    // What it says of its size need not be so: it may grow, and those of /proc say nothing.
    const buffer = Buffer.allocUnsafe(MOST + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = readSync(file, buffer, length, buffer.length - length, null);
    if (length > MOST) throw new Error(`expected at most ${MOST} bytes, ${path} has more`);
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/** The text of the file that `source` names, by a path from the working directory; undefined where that is a problem. */
export function readNamedFile(source: Fields, filename: string): string | undefined {
  try {
    return readRegular(filename);
  } catch (error) {
    source.refuse('filename', `cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
