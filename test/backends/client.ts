import net from 'node:net';
import { text } from 'node:stream/consumers';

export const never = new AbortController().signal;

/** Writes the parts, one segment each, and reads until the server's FIN. */
export async function exchange(address: { host: string; port: number }, ...parts: string[]): Promise<string> {
  const socket = net.connect({ ...address, noDelay: true });
  for (const part of parts) {
    await new Promise<void>((resolve) => socket.write(part, 'latin1', () => setImmediate(resolve)));
  }
  return text(socket.setEncoding('latin1'));
}
