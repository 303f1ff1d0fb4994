/** What goes wrong, in words for a human. */

/** The user asked for something that cannot be: one clear sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The system's errors about files that people mend, in words. Source: errno(3). */
const ABOUT_FILES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota is used up',
  EEXIST: 'is there already',
  EFBIG: 'larger than a file may be here',
  EISDIR: 'is a folder',
  EMFILE: 'too many open files; raise `ulimit -n`',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no space is left on the disk',
  ENOTDIR: 'is below something that is no folder',
  EPERM: 'not permitted',
  EROFS: 'the file system can only be read',
};

function aboutFile(error: Error & { readonly code?: string; readonly path?: string }): string | undefined {
  const { code = '', path } = error;
  const meaning = Object.hasOwn(ABOUT_FILES, code) ? ABOUT_FILES[code] : undefined;
  // Of others than the system's own the message says more.
  if (meaning === undefined || !error.message.startsWith(`${code}: `)) return undefined;
  return path === undefined ? meaning : `${path}: ${meaning}`;
}

/** One line for a human from whatever was thrown. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const file = aboutFile(error);
  if (file !== undefined) return file;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
