/** The grammar of budgets: what is written is what is read, whatever else is written is refused with its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ADDED, type Budget, BudgetError, type BudgetMetric, parseBudget, unitOf } from '#bench/gate/budget.ts';
import { METRIC_NAMES } from '#bench/analysis/figures/metrics.ts';

const NAMES = { subjects: ['direct', 'l4-tcp', 'l7-http', '9p', 'k'], scenarios: ['http-small', 'idle'] };
const parse = (text: string): Budget => parseBudget(text, NAMES);

test('the forms that the documentation shows', () => {
  const cpu = (subject: string) => ({ subject, metric: 'cpuPerRequest' });
  const cases: readonly [string, Omit<Budget, 'text'>][] = [
    [
      'l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest',
      {
        left: cpu('l7-http') as Budget['left'],
        operator: '<=',
        right: { kind: 'figure', factor: 2.5, figure: cpu('l4-tcp') as Budget['left'] },
      },
    ],
    [
      'l7-http.addedP99 ≤ 400 µs',
      {
        left: { subject: 'l7-http', metric: 'addedP99' },
        operator: '<=',
        right: { kind: 'constant', value: 400 },
      },
    ],
    [
      'l7-http.memoryPerConnection@idle<6KiB',
      {
        left: { subject: 'l7-http', metric: 'memoryPerConnection', scenario: 'idle' },
        operator: '<',
        right: { kind: 'constant', value: 6_144 },
      },
    ],
    [
      ' l7-http.throughput >= 60 % * direct.throughput@http-small ',
      {
        left: { subject: 'l7-http', metric: 'throughput' },
        operator: '>=',
        right: {
          kind: 'figure',
          factor: 0.6,
          figure: { subject: 'direct', metric: 'throughput', scenario: 'http-small' },
        },
      },
    ],
    [
      '9p.cpuPerRequest > k.cpuPerRequest × 2',
      {
        left: cpu('9p') as Budget['left'],
        operator: '>',
        right: { kind: 'figure', factor: 2, figure: cpu('k') as Budget['left'] },
      },
    ],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parse(text), { text, ...expected });
});

test('units: each way to write the same quantity', () => {
  const value = (metric: BudgetMetric, quantity: string): number => {
    const { right } = parse(`l7-http.${metric} < ${quantity}`);
    return right.kind === 'constant' ? right.value : NaN;
  };
  for (const text of ['1.5 ms', '1500us', '1500 µs', '1500\u00a0μs', '0.0015 s', '1500000 ns'])
    assert.ok(Math.abs(value('serviceP99', text) / 1_500 - 1) < 1e-12, text);
  for (const text of ['2 MiB', '2048 KiB', '2097152 B']) assert.equal(value('residentMemory', text), 2_097_152, text);
  assert.equal(value('throughput', '20000 /s'), 20_000);
  assert.equal(value('errorShare', '0.1 %'), 0.001);
  assert.equal(value('instructionsPerRequest', '60k'), 60_000);
  assert.equal(value('contextSwitchesPerRequest', '0.5'), 0.5);
});

test('what is wrong is told by its place, what was expected and what came', () => {
  const cases: readonly [string, number, RegExp][] = [
    ['', 1, /expected a subject, got the end/],
    ['l7-htp.cpuPerRequest < 3 µs', 1, /expected a subject, got 'l7-htp'/],
    ['l7-http', 8, /expected '\.' and a metric after l7-http, got the end/],
    ['l7-http .cpuPerRequest < 3 µs', 8, /expected '\.'/],
    ['l7-http.cpu < 3 µs', 9, /expected a metric, got 'cpu'/],
    ['l7-http.cpuPerRequest@http-smal < 3 µs', 23, /expected a scenario, got 'http-smal'/],
    ['l7-http.cpuPerRequest = 3 µs', 23, /expected <=, <, >= or >, got '='/],
    ['l7-http.cpuPerRequest <== 3 µs', 25, /expected a number or subject\.metric, got '='/],
    ['l7-http.cpuPerRequest < -3 µs', 25, /expected a number or subject\.metric, got '-3'/],
    ['l7-http.cpuPerRequest < 1.2.3 µs', 25, /expected a number or subject\.metric, got '1\.2\.3'/],
    ['l7-http.cpuPerRequest < 3', 26, /expected the unit of cpuPerRequest \(ns, µs, us, ms, s\), got the end/],
    ['l7-http.cpuPerRequest < 3 KiB', 27, /expected the unit of cpuPerRequest .*got 'KiB'/],
    ['l7-http.contextSwitchesPerRequest < 3 µs', 39, /\(no unit\), got 'µs'/],
    ['l7-http.cpuPerRequest < 3 µs * l4-tcp.cpuPerRequest', 27, /expected a factor without a unit, or with %/],
    ['l7-http.cpuPerRequest < 0 * l4-tcp.cpuPerRequest', 25, /expected a factor above 0/],
    ['l7-http.cpuPerRequest < 2 * 3', 29, /expected a subject, got '3'/],
    ['l7-http.cpuPerRequest < l4-tcp.cpuPerRequest * l4-tcp.cpuPerRequest', 48, /expected a number/],
    ['l7-http.cpuPerRequest < l4-tcp.throughput', 25, /in µs like cpuPerRequest, but throughput is in \/s/],
    ['l7-http.cpuPerRequest < 2 * l7-http.cpuPerRequest', 29, /another figure than that of the left side/],
    ['l7-http.errorShare < l4-tcp.errorShare', 22, /expected a number: errorShare is held against a constant/],
    ['l7-http.cpuPerRequest < 3 µs µs', 30, /expected the end, got 'µs'/],
    ['direct.cpuPerRequest < 3 µs', 1, /direct has; it has no proxy and so no cpuPerRequest/],
    ['direct.addedP99 < 3 µs', 1, /no addedP99/],
    [`l7-http.cpuPerRequest < ${'9'.repeat(400)} µs`, 25, /a number of ordinary size/],
  ];
  for (const [text, column, says] of cases)
    assert.throws(
      () => parse(text),
      (error: unknown) => {
        assert.ok(error instanceof BudgetError, text);
        assert.match(error.message, says);
        assert.deepEqual([text, error.column], [text, column]);
        return true;
      },
    );
});

test('a name that does not exist comes with those that do', () => {
  assert.throws(
    () => parse('l7-http.cpuPerReqest < 3 µs'),
    (error: unknown) =>
      error instanceof BudgetError &&
      error.unknown?.name === 'cpuPerReqest' &&
      error.unknown.known.includes('cpuPerRequest') &&
      error.unknown.known.includes('addedP99'),
  );
});

const METRICS: readonly BudgetMetric[] = [...METRIC_NAMES, ...(Object.keys(ADDED) as (keyof typeof ADDED)[])];
const UNITS: Readonly<Record<string, string>> = {
  µs: 'µs',
  '/s': '/s',
  B: 'B',
  'B/connection': 'B',
  instructions: '',
  'per request': '',
  share: '%',
};
const blank = fc.constantFrom('', ' ', '  ', '\t', '\u00a0');
const figure = fc.record({
  subject: fc.constantFrom('l4-tcp', 'l7-http', '9p', 'k'),
  metric: fc.constantFrom(...METRICS),
  scenario: fc.constantFrom(undefined, 'http-small', 'idle'),
});
const write = ({ subject, metric, scenario }: { subject: string; metric: string; scenario: string | undefined }) =>
  `${subject}.${metric}${scenario === undefined ? '' : `@${scenario}`}`;
const numbers = fc.integer({ min: 1, max: 10_000_000 }).map((n) => n / 100);

test('what is written is what is read', () => {
  fc.assert(
    fc.property(figure, fc.constantFrom('<', '<=', '>', '>='), numbers, blank, blank, (left, operator, n, a, b) => {
      const unit = UNITS[unitOf(left.metric)]!;
      const budget = parse(`${a}${write(left)}${b}${operator}${a}${n}${b}${unit}${a}`);
      assert.equal(write({ scenario: undefined, ...budget.left }), write(left));
      assert.equal(budget.operator, operator);
      assert.deepEqual(budget.right, { kind: 'constant', value: unit === '%' ? n * 0.01 : n });
    }),
    { seed: 11, numRuns: 2_000 },
  );
  fc.assert(
    fc.property(figure, figure, numbers, blank, fc.boolean(), fc.boolean(), (left, other, n, a, first, share) => {
      const right = { ...other, metric: left.metric };
      fc.pre(write(left) !== write(right) && left.metric !== 'errorShare');
      const factor = `${n}${share ? `${a}%` : ''}`;
      const text = `${write(left)} <= ${first ? `${factor}${a}*${a}${write(right)}` : `${write(right)}${a}*${a}${factor}`}`;
      const budget = parse(text);
      assert.ok(budget.right.kind === 'figure');
      assert.equal(budget.right.factor, share ? n / 100 : n);
      assert.equal(write({ scenario: undefined, ...budget.right.figure }), write(right));
    }),
    { seed: 12, numRuns: 2_000 },
  );
});

/** The grammar once more, as one expression: what it takes and refuses by form, names and units aside. */
const FORM = (() => {
  const [name, number, blanks] = ['[A-Za-z0-9][\\w-]*', '\\d+(?:\\.\\d+)?', '\\s*'];
  const side = `${name}\\.${name}(?:@${name})?`;
  const factor = `${number}${blanks}%?`;
  const times = `${blanks}[*×]${blanks}`;
  const bound = `(?:${side}(?:${times}${factor})?|${factor}${times}${side}|${number}${blanks}[A-Za-zµμ%/]*)`;
  return new RegExp(`^${blanks}${side}${blanks}(?:<=?|>=?|≤|≥)${blanks}${bound}${blanks}$`);
})();

test('fuzz: any text is read or refused by BudgetError with a place in it, and read only where the form is right', () => {
  const junk = [
    '',
    ' ',
    '.',
    '@',
    '<',
    '≥',
    '*',
    '%',
    '2',
    '.5',
    '0',
    '=',
    '-',
    '_',
    '\0',
    '\ud800',
    'µs',
    'k',
    'http-small',
    'addedP99',
  ];
  /** What belongs into a place of a budget, most of the time. */
  const place = (...fitting: string[]) =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...fitting) },
      { weight: 1, arbitrary: fc.constantFrom(...junk) },
    );
  const side = [
    place('l7-http', 'l4-tcp', '9p', 'k'),
    place('.'),
    place('cpuPerRequest', 'addedP99', 'serviceP50'),
    place('', '@http-small'),
  ];
  const texts = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(...side, place('<', ' <= ', ' ≥ ', '>'), place('2', '2.5', '10'), place(' ms', 'µs', 's')),
      fc.tuple(...side, place('<', ' <= ', ' ≥ ', '>'), place('2', '2.5', '10 %'), place('*', ' * ', ' × '), ...side),
      fc.tuple(...side, place('<', ' <= ', ' ≥ ', '>'), ...side, place('', '*2', ' * 90 %')),
    )
    .map((parts) => (typeof parts === 'string' ? parts : parts.join('')));
  let read = 0;
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parse(text);
      } catch (error) {
        assert.ok(error instanceof BudgetError, String(error));
        assert.ok(error.column >= 1 && error.column <= text.length + 1);
        return;
      }
      read++;
      assert.match(text, FORM);
    }),
    { seed: 13, numRuns: 20_000 },
  );
  assert.ok(read > 2_000, `only ${read} texts were budgets`);
});

test('fuzz: a sound budget with one character changed is read or refused, never misread as another subject', () => {
  const sound = 'l7-http.cpuPerRequest@http-small <= 2.5 * l4-tcp.cpuPerRequest';
  for (let at = 0; at < sound.length; at++)
    for (const letter of ['', 'x', ' ', '.', '@', '*', '<', '%', '0', '-']) {
      const text = sound.slice(0, at) + letter + sound.slice(at + 1);
      try {
        const { left, right } = parse(text);
        assert.match(text, FORM);
        assert.ok(text.includes(write({ scenario: undefined, ...left })));
        assert.ok(right.kind === 'figure' && text.includes(write({ scenario: undefined, ...right.figure })));
      } catch (error) {
        if (!(error instanceof BudgetError)) throw error;
      }
    }
});
