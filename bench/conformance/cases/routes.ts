/** What decides where a request goes: the one canonical path, fields that the origin sees; and that it does not come back. */
import type { ProxyIntent, RouteMatch } from '#proxies/config/intent.ts';
import type { ConformanceCase } from '../contract.ts';
import { NotApplicable, show, Violation } from '../violation.ts';
import { http, plain } from '../setups.ts';
import { arrived } from './tables.ts';
import { sendVariants } from './variants.ts';

/** What `match` matches goes to the second origin, everything else to the first. */
function guarding(name: string, match: RouteMatch) {
  const intent = (base: ProxyIntent): ProxyIntent => {
    const [cluster] = base.clusters;
    const [open, guarded] = cluster!.endpoints;
    return {
      ...base,
      clusters: [
        { ...cluster!, endpoints: [open!] },
        { ...cluster!, name: 'guarded', endpoints: [guarded!] },
      ],
      routes: [{ match, action: { kind: 'forward', clusters: [{ name: 'guarded' }] } }],
    };
  };
  return http(name, intent, { origins: 2 });
}

const byPath = guarding('a route by path', { path: { kind: 'prefix', value: '/admin' } });
const byField = guarding('a route by field', { headers: [{ name: 'X-Scope', match: { kind: 'present' } }] });

interface Routed extends Pick<ConformanceCase, 'rule' | 'name' | 'setup'> {
  readonly send: string;
  /** True: it goes where the route leads, or is refused; false: it does not go there. */
  readonly matches: boolean;
}

function routed({ rule, name, setup, send, matches }: Routed): ConformanceCase {
  return {
    rule,
    name,
    setup,
    layer: 'l7',
    needs: ['routing'],
    async run(bench) {
      const [open, guarded] = bench.origins;
      for (const { wire } of await sendVariants(bench, send, [0])) {
        const { messages } = await bench.answers(wire, ['GET']);
        const status = messages.at(-1)?.status ?? 0;
        const wrong = (matches ? open! : guarded!).take();
        if (wrong.requests.length > 0)
          throw new Violation(show(send), matches ? 'the route' : 'no route', arrived(wrong));
        const right = (matches ? guarded! : open!).take();
        const isRefused = matches && status >= 400 && status < 500;
        if (!isRefused && right.requests.length !== 1)
          throw new Violation(
            show(send),
            `one request ${matches ? 'by the route' : 'past it'}`,
            `${status}, ${arrived(right)}`,
          );
      }
    },
  };
}

const get = (target: string, lines = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

export const routeCases: readonly ConformanceCase[] = [
  ...[
    '/admin',
    '//admin/s',
    '/%61dmin',
    '/%61%64%6D%69%6e/s',
    '/./admin',
    '/a/../admin',
    '/a/%2e%2e/admin',
    '/a/.%2e//admin',
    'http://a//admin',
  ].map((target) =>
    routed({ rule: 'canonical-path', name: `decides: ${target}`, setup: byPath, send: get(target), matches: true }),
  ),
  ...['/a/admin', '/ADMIN', '/a?/../admin'].map((target) =>
    routed({
      rule: 'canonical-path',
      name: `decides: not ${target}`,
      setup: byPath,
      send: get(target),
      matches: false,
    }),
  ),
  ...(
    [
      ['one that is kept', 'X-Scope: read\r\n', true],
      ['one that Connection nominates', 'X-Scope: read\r\nConnection: x-scope\r\n', false],
      ['one that Connection nominated before', 'Connection: close, X-SCOPE\r\nx-scope: read\r\n', false],
    ] as const
  ).map(([name, lines, matches]) =>
    routed({ rule: 'decided-by-kept', name, setup: byField, send: get('/', lines), matches }),
  ),
  {
    rule: 'loop',
    name: 'the proxy is its own origin',
    layer: 'l7',
    setup: plain,
    async run(bench) {
      const { intent, subject } = bench.options;
      if (bench.secure !== (intent.clusters[0]!.tls !== undefined))
        throw new NotApplicable('it has no way to itself: it does not speak to origins as clients speak to it');
      const own = { ...intent.clusters[0]!, endpoints: [subject.address] };
      await bench.requireReload()({ ...intent, clusters: [own] });
      const wire = await bench.open();
      wire.write(get('/'));
      const { messages } = await bench.answers(wire, ['GET']);
      await bench.requireReload()(intent);
      const status = messages.at(-1)?.status;
      if (status !== 508) throw new Violation('a request to a proxy that is its own origin', '508', String(status));
    },
  },
];
