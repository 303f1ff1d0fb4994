/** What CONTRIBUTING.md says of adding things is done, in a copy of the checkout: one of each kind, in its own file and one line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPage, scratchCheckout } from './console.ts';

interface Addition {
  /** What is new, and its text. */
  readonly file?: readonly [name: string, text: string];
  /** The registry, what stands in it, and what is put behind that. */
  readonly line: readonly [registry: string, behind: string, added: string];
}

const EXAMPLE_FILTER = /^```ts\n([^]*?)^```$/m.exec(readPage('proxies/filters/README.md'))![1]!;

const PEER = `import { caddyHttp } from './caddy.ts';
import { definePeer } from './peer.ts';

export const planted = definePeer({
  name: 'planted',
  family: 'planted',
  layer: 'l7',
  summary: 'a proxy that nobody has',
  query: { title: 'Planted', names: ['planted-proxy'], versionArgs: ['-v'], versionPattern: /(\\d+)/, oldest: '1' },
  offers: caddyHttp.offers,
  signals: { stop: 'SIGKILL', drain: 'SIGTERM' },
  render: ({ concurrency = 1 }, { address }) => ({
    files: { 'planted.conf': \`listen \${address.host}:\${address.port}\\n\` },
    args: ['-c', 'planted.conf'],
    processes: concurrency,
  }),
});
`;

const EXPORTER = `import type { Exporter } from './contract.ts';

export const planted: Exporter = {
  format: 'planted',
  file: 'planted.txt',
  render: ({ subjects }) => subjects.map(({ layer }) => layer).join(' '),
};
`;

const ADDITIONS: readonly Addition[] = [
  {
    file: ['proxies/peers/planted.ts', PEER],
    line: ['proxies/peers/registry.ts', 'binaries: readonly PeerDefinition[] = [', 'planted, '],
  },
  { line: ['proxies/peers/registry.ts', "from './httpxy.ts';\n", "import { planted } from './planted.ts';\n"] },
  {
    file: ['proxies/filters/requestId.ts', EXAMPLE_FILTER],
    line: ['proxies/filters/registry.ts', "('compression'),\n", "later<typeof requestId>('requestId'),\n"],
  },
  {
    line: [
      'proxies/filters/registry.ts',
      "from './compression.ts';\n",
      "import type { filter as requestId } from './requestId.ts';\n",
    ],
  },
  { line: ['proxies/config/features.ts', 'const FILTERS = filters(', "'requestId', "] },
  ...['caddy', 'envoy', 'haproxy', 'nginx', 'traefik'].map((maker): Addition => ({
    line: [
      `proxies/peers/${maker}-filters.ts`,
      '_FILTERS = place(',
      "refused('has no such thing', 'filter requestId'), ",
    ],
  })),
  {
    line: [
      'bench/plan/scenarios.ts',
      'export const SCENARIOS: readonly Scenario[] = [',
      "{ ...COMMON, name: 'planted', axis: 'keep-alive', summary: 'planted', traffic: get(7), loop: closed(1) },",
    ],
  },
  {
    file: ['reports/planted.ts', EXPORTER],
    line: ['reports/registry.ts', 'onRequest: readonly Exporter[] = [', 'planted, '],
  },
  { line: ['reports/registry.ts', "from './open-metrics.ts';\n", "import { planted } from './planted.ts';\n"] },
];
function add(checkout: string, { file, line: [registry, behind, added] }: Addition): void {
  if (file) writeFileSync(join(checkout, file[0]), file[1]);
  const text = readFileSync(join(checkout, registry), 'utf8');
  assert.ok(text.includes(behind), `${registry} has ${behind}`);
  writeFileSync(join(checkout, registry), text.replace(behind, behind + added));
}

const run = (cwd: string, ...args: string[]) => spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });

test('a peer, a filter, a scenario and an exporter are added in the files that the page names, compile and are found', () => {
  using checkout = scratchCheckout();
  const { path } = checkout;
  const page = readPage('CONTRIBUTING.md');
  for (const { line } of ADDITIONS)
    assert.ok(page.includes(line[0].replace(/\w+-filters/, 'MAKER-filters')), `the page names ${line[0]}`);
  for (const addition of ADDITIONS) add(path, addition);

  const settings = JSON.parse(readFileSync(join(path, 'tsconfig.json'), 'utf8')) as object;
  const include = ['proxies/registry.ts', 'proxies/filters', 'bench/plan', 'reports/registry.ts'];
  writeFileSync(join(path, 'tsconfig.json'), JSON.stringify({ ...settings, include }));
  assert.equal(run(path, 'node_modules/typescript/bin/tsc', '--pretty', 'false').stdout, '');

  const names = `import { SCENARIOS } from './bench/plan/scenarios.ts';
import { FILTERS } from './proxies/filters/registry.ts';
import { proxies } from './proxies/registry.ts';
import { onRequest } from './reports/registry.ts';
console.log(proxies.has('planted'), FILTERS.some(({ name }) => name === 'requestId'), SCENARIOS.some(({ name }) => name === 'planted'));
console.log(onRequest.find(({ format }) => format === 'planted').render({ subjects: [{ layer: 'l4' }] }));`;
  const { stdout, stderr } = run(path, '--input-type=module', '-e', names);
  assert.equal(stdout, 'true true true\nl4\n', stderr);
});
