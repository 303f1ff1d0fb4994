/** Opens a file with the desktop's own program for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const OPENERS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'open', linux: 'xdg-open' };

/** Where there is no such program, says so on stderr and goes on: the file is there all the same. */
export async function openFile(path: string): Promise<void> {
  const opener = OPENERS[process.platform];
  if (opener === undefined) return void process.stderr.write(`note: open ${path} yourself\n`);
  const child = spawn(opener, [path], { stdio: 'ignore', detached: true });
  try {
    await once(child, 'spawn');
    child.unref();
  } catch {
    process.stderr.write(`note: ${opener} is not there; open ${path} yourself\n`);
  }
}
