/** A whole request through an L7 hop, sockets left out: read, routed, reissued, its answer read and passed on, connections pooled. */
import { openLanes, type Lane } from './lanes.ts';
import { ANSWER, REQUEST } from './messages.ts';
import type { MicroSuite } from './suite.ts';

let lane: Lane | undefined;

export const suite: MicroSuite = {
  name: 'exchange',
  tasks: [
    {
      name: 'a request and its answer, over and over',
      perRequest: 1,
      batch: 100,
      run(times) {
        lane ??= openLanes(1)[0]!;
        for (let i = 0; i < times; i++) {
          lane.request(REQUEST);
          lane.answer(ANSWER);
        }
        return lane.written;
      },
    },
  ],
};
