/** The choice of an endpoint. */
import { createBalancer } from '#proxies/cluster/balancer.ts';
import type { LoadBalancing } from '#proxies/config/intent.ts';
import type { MicroSuite, MicroTask } from './suite.ts';

const endpoints = Array.from({ length: 8 }, (_, i) => ({ host: '127.0.0.1', port: 9_000 + i }));

const pick = (policy: LoadBalancing, perRequest: number): MicroTask => {
  const balancer = createBalancer({ endpoints, policy });
  return {
    name: `pick one of 8 endpoints, ${policy}`,
    perRequest,
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += balancer.pick('192.0.2.1')?.port ?? 0;
      return sum;
    },
  };
};

export const suite: MicroSuite = {
  name: 'cluster',
  tasks: [pick('round-robin', 1), pick('least-request', 0), pick('power-of-two', 0), pick('source-ip', 0)],
};
