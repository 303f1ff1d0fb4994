/** The formats of other benchmark tools, each read back by the rules of what reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import type { GateResult } from '#bench/gate/result.ts';
import { bencher } from '#reports/gate/bencher.ts';
import { benchfmtBase, benchfmtHead } from '#reports/gate/benchfmt.ts';
import { smallerIsBetter } from '#reports/gate/smaller-is-better.ts';
import { gateResult, hugeResult, metricOf, RESULTS } from './synthetic-result.ts';

const all = [...Object.values(RESULTS), hugeResult(50), gateResult({ metrics: [] })];
const valid = (schema: object): ((data: unknown) => void) => {
  const check = new Ajv({ strict: true, strictTypes: false }).compile(schema);
  return (data) => assert.ok(check(data), JSON.stringify(check.errors));
};

/** As bencher.dev/bmf.json has it, with the longest names of its reference, and closed. */
const checkBmf = valid({
  type: 'object',
  propertyNames: { minLength: 1, maxLength: 1_024 },
  additionalProperties: {
    type: 'object',
    propertyNames: { pattern: '^[a-z0-9][A-Za-z0-9-]{0,63}$' },
    additionalProperties: {
      type: 'object',
      properties: { value: { type: 'number' }, lower_value: { type: 'number' }, upper_value: { type: 'number' } },
      required: ['value'],
      additionalProperties: false,
    },
  },
});

type Bmf = Record<string, Record<string, { value: number; lower_value?: number; upper_value?: number }>>;
const bmfOf = (result: GateResult): Bmf => JSON.parse(bencher.render(result)) as Bmf;

test('bencher: every result fits the schema, values lie within their intervals', () => {
  for (const result of all) {
    const bmf = bmfOf(result);
    checkBmf(bmf);
    for (const { value, lower_value: low, upper_value: high } of Object.values(bmf).flatMap((of) => Object.values(of)))
      assert.ok(low! <= value && value <= high!);
  }
});

test('bencher: head’s figures, times in nanoseconds, nothing of what is invalid, no interval from one round', () => {
  const figure = metricOf({ ratio: 1.1 });
  const { value } = bmfOf(gateResult({ metrics: [figure] }))['http-small/l7-http']!['cpu-per-request-ns']!;
  assert.ok(Math.abs(value - figure.head!.value * 1e3) < 1e-3);
  assert.deepEqual(bmfOf(RESULTS['invalid']!), {});
  assert.deepEqual(
    Object.keys(
      bmfOf(gateResult({ metrics: [metricOf({ rounds: 1 })] }))['http-small/l7-http']!['cpu-per-request-ns']!,
    ),
    ['value'],
  );
  assert.ok(Object.hasOwn(bmfOf(RESULTS['odd']!), 'constructor/__proto__'));
});

/** `BenchmarkResult` of github-action-benchmark, closed. */
const checkSmaller = valid({
  type: 'array',
  items: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1 },
      unit: { type: 'string', minLength: 1 },
      value: { type: 'number' },
      range: { type: 'string' },
      extra: { type: 'string' },
    },
    required: ['name', 'unit', 'value'],
    additionalProperties: false,
  },
});
type Entry = { readonly name: string; readonly unit: string; readonly value: number; readonly extra: string };
const entriesOf = (result: GateResult): Entry[] => JSON.parse(smallerIsBetter.render(result)) as Entry[];

test('smaller-is-better: every result fits what the tool reads', () => {
  for (const result of all) checkSmaller(entriesOf(result));
  assert.deepEqual(entriesOf(RESULTS['invalid']!), []);
});

test('smaller-is-better: a throughput that fell is a time that rose, by the same factor', () => {
  const metric = metricOf({ metric: 'throughput', better: 'higher', level: 40_000, ratio: 0.8, state: 'regressed' });
  const [entry] = entriesOf(gateResult({ metrics: [metric] }));
  assert.equal(entry!.unit, 'µs');
  assert.ok(Math.abs(entry!.value * metric.head!.value - 1e6) < 1);
  const change = 1 / metric.ratio!.value - 1;
  assert.ok(change > 0.2);
  assert.ok(entry!.extra.includes(`change: +${(change * 100).toFixed(1)}`), entry!.extra);
});

test('smaller-is-better: a ratio of which more is better is turned over as well', () => {
  const throughput = metricOf({ metric: 'throughput', better: 'higher', level: 0.8, ratio: 0.9 });
  const [entry] = entriesOf(
    gateResult({ metrics: [{ ...throughput, unit: 'ratio', title: 'throughput, ratio to direct' }] }),
  );
  assert.equal(entry!.name, 'http-small / l7-http / 1 ÷ throughput, ratio to direct');
  assert.ok(Math.abs(entry!.value * throughput.head!.value - 1) < 1e-6);
});

interface Read {
  readonly config: Record<string, string>;
  readonly units: Record<string, string>;
  readonly results: { readonly name: string; readonly values: Record<string, number> }[];
}

/** golang.org/design/14313-benchmark-format, with the unit lines that golang.org/x/perf/benchfmt reads. */
function readBenchfmt(text: string): Read {
  const read: Read = { config: {}, units: {}, results: [] };
  assert.ok(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) {
    assert.doesNotMatch(line, /[^\P{Cc}\t]/u);
    const config = /^(\p{Ll}[^\s\p{Lu}:]*):[ \t]+(.+)$/u.exec(line);
    const unit = /^Unit (\S+) better=(lower|higher)$/.exec(line);
    const result = /^Benchmark(\p{Lu}\S*) (\d+)((?: \S+ \S+)+)$/u.exec(line);
    if (config) read.config[config[1]!] = config[2]!;
    else if (unit) {
      assert.ok(!Object.hasOwn(read.units, unit[1]!), `${unit[1]} twice`);
      read.units[unit[1]!] = unit[2]!;
    } else if (result) {
      const fields = result[3]!.trim().split(' ');
      const pairs = fields.flatMap((value, i) => (i % 2 === 0 ? [[fields[i + 1]!, Number(value)] as const] : []));
      for (const [, value] of pairs) assert.ok(Number.isFinite(value));
      read.results.push({ name: result[1]!, values: Object.fromEntries(pairs) });
    } else assert.match(line, /^# /, 'neither configuration nor result must be meant as a remark');
  }
  return read;
}

test('benchfmt: every line is of the grammar, and both files have the same configuration and names', () => {
  for (const result of all) {
    const [base, head] = [readBenchfmt(benchfmtBase.render(result)), readBenchfmt(benchfmtHead.render(result))];
    assert.deepEqual(base.config, head.config, 'else benchstat lays nothing side by side');
    assert.deepEqual(base.units, head.units);
    assert.deepEqual(new Set(base.results.map(({ name }) => name)), new Set(head.results.map(({ name }) => name)));
    for (const { name, values } of base.results) {
      assert.match(name, /^Hop\/scenario=[\w.-]+\/subject=[\w.-]+-2$/);
      for (const unit of Object.keys(values)) assert.ok(unit in base.units, unit);
    }
  }
});

test('benchfmt: a line a round with all metrics of the subject; a round without a side is in the other file alone', () => {
  const [cpu, throughput] = [metricOf(), metricOf({ metric: 'throughput', better: 'higher', level: 41_300 })];
  const half = {
    ...cpu,
    rounds: cpu.rounds!.map(({ round, base, head }) =>
      round === 3 ? { round, head: head! } : { round, base: base!, head: head! },
    ),
  };
  const result = gateResult({ metrics: [half, throughput] });
  const base = readBenchfmt(benchfmtBase.render(result)).results;
  const head = readBenchfmt(benchfmtHead.render(result)).results;
  assert.equal(base.length, 12);
  assert.equal(head.length, 12);
  assert.deepEqual(Object.keys(base[3]!.values), ['throughput-per-s']);
  assert.deepEqual(Object.keys(head[3]!.values), ['cpu-per-request-ns', 'throughput-per-s']);
  assert.ok(Math.abs(head[3]!.values['cpu-per-request-ns']! - cpu.rounds![3]!.head! * 1e3) < 1e-3);
});
