/** The choice of a route by host, path, method and header. */
import { defaultLimits } from '#proxies/config/defaults.ts';
import type { Route } from '#proxies/config/intent.ts';
import { Head } from '#proxies/http/head.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { createRouter } from '#proxies/l7/router.ts';
import type { HotTask, MicroSuite } from './suite.ts';

const REQUEST = Buffer.from(
  'GET /service-15/items?page=2 HTTP/1.1\r\nhost: api.example.org\r\nx-canary: yes\r\naccept: */*\r\n\r\n',
  'latin1',
);

const routes: readonly Route[] = Array.from({ length: 20 }, (_, i) => ({
  match: {
    hosts: ['*.example.org'],
    path: { kind: 'prefix', value: `/service-${i}/` },
    methods: ['GET', 'HEAD'],
    headers: [{ name: 'x-canary', match: { kind: 'present' } }],
  },
  action: { kind: 'forward', clusters: [{ name: `cluster-${i}` }] },
}));

const route = (name: string, perRequest: number, table: readonly Route[] | undefined): HotTask => {
  const head = new Head(defaultLimits.headerCount);
  if (scanRequestHead(head, REQUEST, 0, REQUEST.length, defaultLimits) !== REQUEST.length)
    throw new Error('the sample request was refused');
  const router = createRouter(table, 'default', (cluster) => cluster);
  return {
    name,
    perRequest,
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const decision = router.route(head);
        sum += decision.kind === 'forward' ? decision.cluster().length : 0;
      }
      return sum;
    },
  };
};

export const suite: MicroSuite = {
  name: 'routing',
  tasks: [
    route('default cluster only', 1, undefined),
    { ...route('20 routes by host, prefix, method and header, the 16th matches', 0, routes), batch: 100 },
  ],
};
