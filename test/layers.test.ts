/** Rooms, circles and the dialect are law: each has planted violations that the linter must catch, and legal twins that it must not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { ROOMS } from '#scripts/lint/rooms.ts';

const root = join(import.meta.dirname, '..');
const sandbox = mkdtempSync(join(tmpdir(), 'hopcost-layers-'));
const COPIED = ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'scripts/lint/rooms.ts', 'scripts/lint/dialect.ts'];
for (const file of COPIED) {
  mkdirSync(dirname(join(sandbox, file)), { recursive: true });
  cpSync(join(root, file), join(sandbox, file));
}
symlinkSync(join(root, 'node_modules'), join(sandbox, 'node_modules'));
after(() => rmSync(sandbox, { recursive: true, force: true }));

const plant = (file: string, text: string): void => {
  mkdirSync(dirname(join(sandbox, file)), { recursive: true });
  writeFileSync(join(sandbox, file), text);
};
const lint = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), ...args], {
    cwd: sandbox,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });

const ROWS: readonly { file: string; forbidden: readonly string[]; allowed: readonly string[] }[] = [
  {
    file: 'backends/planted.ts',
    forbidden: ['#proxies/contract.ts', '../bench/model/units.ts', 'yaml'],
    allowed: ['node:net', './contract.ts', '#proxies/http2/connection.ts'],
  },
  {
    file: 'proxies/l7/planted.ts',
    forbidden: ['#bench/model/units.ts', 'zod', '../../backends/contract.ts'],
    allowed: ['node:net', '../http/head.ts', '../contract.ts'],
  },
  {
    file: 'proxies/platform/planted.ts',
    forbidden: ['../net/wire.ts', '../contract.ts', '#bench/model/units.ts'],
    allowed: ['node:net', './notices.ts'],
  },
  {
    file: 'proxies/http/planted.ts',
    forbidden: ['node:net', '../net/wire.ts', '../cluster/pool.ts'],
    allowed: ['./head.ts', '../config/defaults.ts', '../platform/notices.ts'],
  },
  {
    file: 'proxies/http2/planted.ts',
    forbidden: ['node:net', '../net/wire.ts', '../l7/router.ts', '#bench/model/units.ts'],
    allowed: ['./field.ts', '../http/octets.ts', '../platform/notices.ts'],
  },
  {
    file: 'proxies/net/planted.ts',
    forbidden: ['../http/head.ts', '../l7/router.ts'],
    allowed: ['node:net', './wire.ts'],
  },
  {
    file: 'proxies/cluster/planted.ts',
    forbidden: ['../l7/router.ts', '../http/head.ts'],
    allowed: ['../net/wire.ts'],
  },
  {
    file: 'proxies/stats/planted.ts',
    forbidden: ['../l7/router.ts', '../cluster/balancer.ts'],
    allowed: ['node:http', '../config/intent.ts'],
  },
  {
    file: 'proxies/workers/planted.ts',
    forbidden: ['../l4/l4-proxy.ts', '#bench/lab/topology.ts'],
    allowed: ['../contract.ts', '../stats/traffic.ts'],
  },
  {
    file: 'proxies/peers/planted.ts',
    forbidden: ['../l7/router.ts', '#bench/lab/topology.ts'],
    allowed: ['node:http', '../contract.ts'],
  },
  {
    file: 'bench/model/planted.ts',
    forbidden: ['node:fs', '#bench/stats/histogram.ts'],
    allowed: ['zod', './units.ts'],
  },
  { file: 'bench/stats/planted.ts', forbidden: ['node:fs', '#bench/model/units.ts', 'zod'], allowed: ['./holm.ts'] },
  {
    file: 'bench/plan/planted.ts',
    forbidden: ['#bench/lab/topology.ts', 'node:fs'],
    allowed: ['#bench/model/scenario.ts'],
  },
  {
    file: 'bench/lab/planted.ts',
    forbidden: ['#bench/load/pool.ts', '#proxies/l7/l7-http.ts', '#bench/conformance/run.ts'],
    allowed: ['#proxies/registry.ts', '#backends/contract.ts', '#bench/model/record.ts'],
  },
  {
    file: 'bench/load/planted.ts',
    forbidden: ['#proxies/http/head.ts', '#bench/stats/histogram.ts'],
    allowed: ['#bench/model/load.ts', '#proxies/http2/connection.ts', 'piscina'],
  },
  {
    file: 'bench/load/http1/planted.ts',
    forbidden: ['../../stats/histogram.ts', '#bench/lab/child.ts'],
    allowed: ['../recorder.ts', '#bench/model/load.ts'],
  },
  {
    file: 'bench/probes/planted.ts',
    forbidden: ['#bench/lab/child.ts', '#proxies/contract.ts'],
    allowed: ['node:fs', '#bench/model/probe.ts'],
  },
  {
    file: 'bench/analysis/planted.ts',
    forbidden: ['node:fs', '#bench/lab/child.ts', '#reports/contract.ts'],
    allowed: ['#bench/stats/holm.ts', '#bench/model/record.ts'],
  },
  {
    file: 'reports/planted.ts',
    forbidden: ['#bench/stats/holm.ts', '#bench/lab/child.ts', '#proxies/contract.ts', '#bench/gate/decide.ts'],
    allowed: ['#bench/analysis/analyse.ts', 'vega-lite', '#bench/gate/result.ts'],
  },
  {
    file: 'proxies/planted.ts',
    forbidden: ['#bench/model/units.ts', 'piscina'],
    allowed: ['node:net', './l7/l7-http.ts'],
  },
  {
    file: 'proxies/config/planted.ts',
    forbidden: ['../net/wire.ts', 'piscina'],
    allowed: ['zod', 'yaml', './intent.ts'],
  },
  {
    file: 'proxies/filters/planted.ts',
    forbidden: ['../net/wire.ts', '../l7/router.ts'],
    allowed: ['../http/head.ts'],
  },
  {
    file: 'proxies/l4/planted.ts',
    forbidden: ['../http/head.ts', '../l7/router.ts'],
    allowed: ['../net/wire.ts', '../contract.ts'],
  },
  {
    file: 'bench/gate/planted.ts',
    forbidden: ['#reports/contract.ts', '#proxies/contract.ts'],
    allowed: ['#bench/lab/topology.ts', 'node:fs'],
  },
  {
    file: 'bench/conformance/planted.ts',
    forbidden: ['#bench/load/pool.ts', '#bench/run/session.ts', '#proxies/registry.ts', '#proxies/http/head.ts'],
    allowed: ['node:net', '#bench/lab/wire.ts', '#proxies/contract.ts', '#proxies/config/intent.ts'],
  },
  {
    file: 'bench/run/planted.ts',
    forbidden: ['#scripts/exit.ts', '#reports/write.ts', 'commander'],
    allowed: ['node:path', '#bench/load/pool.ts', '#bench/analysis/verdict.ts'],
  },
  {
    file: 'bench/micro/planted.ts',
    forbidden: ['#bench/lab/child.ts', '#reports/contract.ts'],
    allowed: ['#proxies/platform/notices.ts', 'tinybench', '#proxies/http/head.ts'],
  },
];

test('every room of the table has a row here', () => {
  assert.deepEqual(
    Object.keys(ROOMS).filter((room) => !ROWS.some(({ file }) => dirname(file) === room)),
    [],
  );
});

test('what the room table forbids is caught, what it allows is not', () => {
  const source = (specifiers: readonly string[]) =>
    specifiers.map((s, i) => `import * as m${i} from '${s}';\nexport { m${i} };\n`).join('');
  for (const { file, forbidden, allowed } of ROWS) plant(file, source([...forbidden, ...allowed]));
  const report = JSON.parse(lint('--format', 'json').stdout) as {
    diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[];
  };
  const caught = (file: string, specifiers: readonly string[]) =>
    report.diagnostics
      .filter(({ code, filename }) => code === 'rooms(boundaries)' && filename === file)
      .map(({ labels }) => specifiers[((labels[0]?.span.line ?? 1) - 1) / 2]);
  for (const { file, forbidden, allowed } of ROWS)
    assert.deepEqual(caught(file, [...forbidden, ...allowed]), forbidden, file);
});

/** What must be the same for everybody, by what only its one file may say. */
const ONCE: readonly { readonly text: RegExp; readonly file: string }[] = [
  { text: /\b_handle\b|\.binding\b|\bHOPCOST_PLAIN_SOCKETS\b/, file: 'proxies/platform/tcp-handle.ts' },
  { text: /\bTLS_AES_128_GCM_SHA256\b/, file: 'proxies/platform/tls-suites.ts' },
  { text: /\b0x6d2b79f5\b/i, file: 'proxies/platform/random.ts' },
];

test('the private names of Node, the TLS suites and the random generator stand in one file each', () => {
  const files = ['backends', 'bench', 'proxies', 'reports', 'scripts'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(room, name)),
  );
  for (const { text, file } of ONCE)
    assert.deepEqual(
      files.filter((one) => text.test(readFileSync(join(root, one), 'utf8'))),
      [file],
    );
});

test('an import circle is caught, one of types alone too', () => {
  plant('circle/values/a.ts', "import { b } from './b.ts';\nexport const a = (): unknown => b;\n");
  plant('circle/values/b.ts', "import { a } from './a.ts';\nexport const b = (): unknown => a;\n");
  plant('circle/types/a.ts', "import type { B } from './b.ts';\nexport interface A {\n  readonly b: B;\n}\n");
  plant('circle/types/b.ts', "import type { A } from './a.ts';\nexport interface B {\n  readonly a: A;\n}\n");
  for (const folder of ['circle/values', 'circle/types']) {
    const { stdout, status } = lint(folder);
    assert.match(stdout, /no-cycle/, folder);
    assert.notEqual(status, 0);
  }
});

const FIXED = ['3', '-3', "'text'", '/a|b/', '[1, 2]', "new Set(['a'])", '{ a: 1 } as const', '4 * 1024', '`a`'];
const COMPUTED = ['[]', 'new Map<string, string>()', '() => 1', 'process.pid', '{ a: process.pid }', 'Buffer.alloc(3)'];

test('a constant that is not in CONSTANT_CASE is caught, what is computed or filled later is not', () => {
  const named = (values: readonly string[], name: string) =>
    values.map((value, i) => `export const ${name}${i} = ${value};\n`).join('');
  plant(
    'bench/probes/constants.ts',
    named(FIXED, 'fixed') +
      named(FIXED, 'FIXED_') +
      named(COMPUTED, 'computed') +
      'export const grows: number[] = [0];\nexport const stays: readonly number[] = [0];\n',
  );
  const { stdout } = lint('bench/probes/constants.ts');
  assert.deepEqual(
    [...stdout.matchAll(/'(\w+)' is a constant/g)].map(([, name]) => name),
    [...FIXED.map((_, i) => `fixed${i}`), 'stays'],
  );
});

test('`+= 1` and `as` in place of `!` are caught, `++`, `+= 2` and `!` are not', () => {
  plant(
    'bench/probes/spelling.ts',
    'export function last(list: readonly string[], from: number): string {\n  let at = from;\n' +
      '  at += 1;\n  at -= 1;\n  at++;\n  at += 2;\n  return at > 9 ? list[at]! : (list[at] as string);\n}\n',
  );
  const { stdout } = lint('--type-aware', 'bench/probes/spelling.ts');
  assert.deepEqual(
    [...stdout.matchAll(/dialect\(increment\)|non-nullable-type-assertion-style/g)].map(([rule]) => rule).toSorted(),
    ['dialect(increment)', 'dialect(increment)', 'non-nullable-type-assertion-style'],
  );
});

test('a promise left floating is caught', () => {
  plant('scripts/floating.ts', 'const wait = async (): Promise<number> => 1;\nwait();\n');
  const { stdout, status } = lint('--type-aware', 'scripts/floating.ts');
  assert.match(stdout, /no-floating-promises/);
  assert.notEqual(status, 0);
});
