import { readFileSync } from 'node:fs';

/** The text of a file; undefined where there is none or none that may be read, as of a process that has ended or on another system. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
