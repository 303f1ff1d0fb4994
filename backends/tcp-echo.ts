/** Sends back whatever comes; FIN answers FIN. `requests` counts the pieces received. */
import type { BackendDefinition } from './contract.ts';
import { listenStreams } from './stream.ts';

export const definition: BackendDefinition = {
  name: 'tcp-echo',
  protocol: 'tcp',
  summary: 'TCP origin that sends back every byte',
  async start(listener, options, signal) {
    let requests = 0;
    const listening = await listenStreams(
      listener,
      options,
      (stream) => ({
        onData(chunk) {
          requests++;
          // A copy: what the kernel does not take at once must outlive this call.
          if (!stream.write(Buffer.from(chunk))) stream.pause();
        },
        onDrain: () => stream.resume(),
        onEnd: () => stream.end(),
      }),
      signal,
    );
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests }),
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
};
