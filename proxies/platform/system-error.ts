import { getSystemErrorName } from 'node:util';

/** The error of a call that gave a negative errno, as the runtime makes it for its own sockets. */
export function systemError(errno: number, call: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${call} ${code}`), { errno, code, syscall: call });
}
