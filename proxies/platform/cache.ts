/** Where hopcost keeps what it can make or fetch again: compiled code, peers, its Node. Never in the folder that it is installed in. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * `$HOPCOST_CACHE`, else `hopcost` in `$XDG_CACHE_HOME` or `~/.cache` (XDG Base Directory Specification 0.8); `parts` are below it.
 * Nothing is made.
 */
export const cacheFolder = (...parts: readonly string[]): string =>
  join(
    process.env['HOPCOST_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hopcost'),
    ...parts,
  );
