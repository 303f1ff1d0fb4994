/** What filters add to a request and its answer: a route with none must cost what it costs where there are none at all. */
import type { Filter } from '#proxies/filters/contract.ts';
import { PassingClient } from '#proxies/filters/passing.ts';
import { type Lane, type LaneWork, openLanes } from './lanes.ts';
import { ANSWER, REQUEST } from './messages.ts';
import type { ClockedTask, HotTask, MicroSuite } from './suite.ts';

const BATCH = 100;

const onRequests: Filter = { request: () => undefined };
const onBoth: Filter = { request: () => undefined, response: (side) => new PassingClient(side) };
const promising: Filter = { request: () => Promise.resolve(undefined) };
const replying: Filter = { request: () => ({ status: 429, fields: [['Retry-After', '1']] }) };

const EDITS: LaneWork = {
  change: {
    routes: [
      {
        match: {},
        action: { kind: 'forward', clusters: [{ name: 'origin' }] },
        requestHeaders: [{ op: 'set', name: 'X-Hop', value: '1' }],
        responseHeaders: [{ op: 'set', name: 'X-Hop', value: '1' }],
      },
    ],
  },
};

function exchange(name: string, work: LaneWork = {}): HotTask {
  let lane: Lane | undefined;
  return {
    name,
    perRequest: 0,
    batch: BATCH,
    run(times) {
      lane ??= openLanes(1, work)[0]!;
      for (let i = 0; i < times; i++) {
        lane.request(REQUEST);
        lane.answer(ANSWER);
      }
      return lane.written;
    },
  };
}

/** Of which there is no answer of the origin. */
function refused(name: string, work: LaneWork): HotTask {
  let lane: Lane | undefined;
  return {
    name,
    perRequest: 0,
    batch: BATCH,
    run(times) {
      lane ??= openLanes(1, work)[0]!;
      for (let i = 0; i < times; i++) lane.request(REQUEST);
      return lane.written;
    },
  };
}

/** The turn of the microtasks that a promise takes is part of it. */
const promised: ClockedTask = {
  name: 'one that promises',
  perRequest: 0,
  async open() {
    const lane = openLanes(1, { filters: [promising] })[0]!;
    return {
      async measure(times) {
        const start = performance.now();
        for (let i = 0; i < times; i++) {
          let hasArrived = lane.request(REQUEST);
          while (!hasArrived) {
            await Promise.resolve();
            hasArrived = lane.arrived();
          }
          lane.answer(ANSWER);
        }
        return (performance.now() - start) * 1e6;
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

export const suite: MicroSuite = {
  name: 'filters',
  tasks: [
    exchange('none'),
    exchange('one on requests', { filters: [onRequests] }),
    exchange('five on requests', { filters: Array.from({ length: 5 }, () => onRequests) }),
    exchange('one both ways', { filters: [onBoth] }),
    exchange('header edits both ways', EDITS),
    promised,
    refused('one that answers', { filters: [replying] }),
    exchange('none, where other routes have some'),
  ],
};
