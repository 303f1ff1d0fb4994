/**
 * Swallows whatever comes. At the client's FIN it answers with the number of bytes it received, 8 bytes big-endian, and its own
 * FIN: so a bulk transfer can be checked through a hop, half-close included. `requests` counts the transfers so ended.
 */
import type { BackendDefinition } from './contract.ts';
import { listenStreams } from './stream.ts';

export const definition: BackendDefinition = {
  name: 'tcp-sink',
  protocol: 'tcp',
  summary: 'TCP origin that swallows every byte and answers FIN with their count (8 bytes big-endian)',
  async start(listener, options, signal) {
    let requests = 0;
    const listening = await listenStreams(
      listener,
      options,
      (stream) => {
        let received = 0;
        return {
          onData(chunk) {
            received += chunk.length;
          },
          onEnd() {
            requests++;
            const count = Buffer.alloc(8);
            count.writeBigUInt64BE(BigInt(received));
            stream.write(count);
            stream.end();
          },
        };
      },
      signal,
    );
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests }),
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
};
