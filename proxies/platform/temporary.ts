/** A folder of one's own for temporary files, below TMPDIR. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Its path; nobody else may look into it (mode 0700). Throws an error that says which folder it is about, and what to do. */
export function makeTemporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(
      new Error(
        `no temporary folder can be made in ${tmpdir()} (${code}): set TMPDIR to a folder that can be written to`,
      ),
      { code },
    );
  }
}
