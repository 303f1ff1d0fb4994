/**
 * Loaded before a test file (`--import`). HOPCOST_MUTANT names a file and a fault: the file is loaded with it, and stays on disk as it is.
 * HOPCOST_LOADED names a file to which the sources that were loaded are written, one a line.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What stands from `start` to `end` (UTF-16 units) becomes `text`. */
export interface Fault {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Mutant extends Fault {
  /** Absolute path. */
  readonly file: string;
}

const { HOPCOST_MUTANT, HOPCOST_LOADED } = process.env;
const mutant = HOPCOST_MUTANT === undefined ? undefined : (JSON.parse(HOPCOST_MUTANT) as Mutant);

const planted = (source: string, { start, end, text }: Fault): string =>
  source.slice(0, start) + text + source.slice(end);

registerHooks({
  load(url, context, nextLoad) {
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    if (HOPCOST_LOADED !== undefined) appendFileSync(HOPCOST_LOADED, `${file}\n`);
    const loaded = nextLoad(url, context);
    return file === mutant?.file ? { ...loaded, source: planted(readFileSync(file, 'utf8'), mutant) } : loaded;
  },
});
