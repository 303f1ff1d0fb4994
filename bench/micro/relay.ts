/** A whole request through an L4 hop, sockets left out: one chunk handed on each way. */
import { Relay } from '#proxies/net/relay.ts';
import { ANSWER, REQUEST } from './messages.ts';
import { NowhereWire } from './nowhere.ts';
import type { MicroSuite } from './suite.ts';

const TIMEOUTS = { idle: 60_000, halfClosed: 60_000 };

let ends: { readonly down: NowhereWire; readonly up: NowhereWire } | undefined;

function join(): NonNullable<typeof ends> {
  const [down, up] = [new NowhereWire(), new NowhereWire()];
  new Relay({ downstream: down, upstream: up }, TIMEOUTS, { onRelayClosed() {} });
  return { down, up };
}

export const suite: MicroSuite = {
  name: 'relay',
  tasks: [
    {
      name: 'a request and its answer handed on',
      perRequest: 1,
      run(times) {
        const { down, up } = (ends ??= join());
        for (let i = 0; i < times; i++) {
          down.handler.onData(REQUEST);
          up.handler.onData(ANSWER);
        }
        return down.written + up.written;
      },
    },
  ],
};
