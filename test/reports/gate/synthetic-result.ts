/** Results that no gate gave: one of every state, and one whose names are what a careless output would execute. */
import { METRICS, type MetricName } from '#bench/analysis/figures/metrics.ts';
import type { BudgetOutcome, GateMetric, GateResult, GateState } from '#bench/gate/result.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';

/** What breaks Markdown, HTML, XML, workflow commands, CSV, benchfmt and a terminal. */
export const ODD = {
  subject: '<script>alert("a & b")</script>|`x`*_~',
  scenario: '::error title=x::y\r\n::add-mask::z ##[group]',
  sentence: `50 % worse\n::error::no\u0000\u001b[2J]]> 'quoted' "twice" <!-- hopcost-gate --> @octocat #1 http://x.example \ud800`,
} as const;

export interface MetricOptions {
  readonly metric?: MetricName;
  readonly state?: GateState;
  readonly primary?: boolean;
  readonly better?: 'lower' | 'higher';
  readonly scenario?: string;
  readonly subject?: string;
  /** Of base, in the metric's unit. */
  readonly level?: number;
  /** Head ÷ base. */
  readonly ratio?: number;
  readonly rounds?: number;
  readonly reason?: string;
  /** The smallest change that matters, raised by the noise of the run. */
  readonly used?: number;
}

export function metricOf({
  metric = 'cpuPerRequest',
  state = 'same',
  primary = true,
  better = 'lower',
  scenario = 'http-small',
  subject = 'l7-http',
  level = 18.2,
  ratio = 1,
  rounds = 12,
  reason = `made to be ${state}`,
  used = 0.03,
}: MetricOptions = {}): GateMetric {
  const { title, unit } = METRICS[metric];
  const random = mulberry32(level * 1e3 + ratio * 1e6 + rounds);
  const noisy = (): number => 1 + 0.02 * (random() - 0.5);
  const measured = Array.from({ length: rounds }, (_, round) => ({
    round,
    base: level * noisy(),
    head: level * ratio * noisy(),
  }));
  const logs = measured.map(({ base, head }) => Math.log(head / base));
  const p = rounds === 0 ? 1 : signedRank(logs).p;
  return {
    scenario,
    subject,
    metric,
    title,
    unit,
    better,
    primary,
    state,
    ...(rounds > 0 && {
      base: hodgesLehmann(measured.map(({ base }) => base)),
      head: hodgesLehmann(measured.map(({ head }) => head)),
      ratio: transform(hodgesLehmann(logs), Math.exp),
      p,
      adjustedP: Math.min(1, 3 * p),
    }),
    rounds: measured,
    effect: { asked: 0.03, used },
    reason,
  };
}

export const budgetOf = (state: BudgetOutcome['state'], text?: string, reason?: string): BudgetOutcome => ({
  text: text ?? 'l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest',
  state,
  ...(state !== 'unknown' && {
    measured: state === 'kept' ? estimate(2.12, 2.08, 2.17) : estimate(2.81, 2.74, 2.88),
    limit: 2.5,
  }),
  reason: reason ?? `made to be ${state}, as far as its interval goes`,
});

const estimate = (value: number, low: number, high: number) => ({ value, low, high, coverage: 0.95, n: 12 });

/** A result that says 'same' of two subjects; the rest is up to the test. */
export function gateResult(changed: Partial<GateResult> = {}): GateResult {
  return {
    run: '2026-05-04T09-30-00-gate-abcd',
    directory: 'reports/out/2026-05-04T09-30-00-gate-abcd',
    startedAt: '2026-05-04T09:30:00.000Z',
    seconds: 431.4,
    hopcost: '0.1.0',
    command: ['hopcost', 'gate', '--base', 'origin/main'],
    mode: { kind: 'revisions' },
    base: { label: 'origin/main', commit: '0123456789abcdef0123456789abcdef01234567', dirty: false },
    head: { label: 'the working tree', commit: 'fedcba9876543210fedcba9876543210fedcba98', dirty: false },
    environment: {
      cpuModel: 'Example CPU 9000 @ 2.90GHz',
      cores: 2,
      memory: (8 * 2 ** 30) as GateResult['environment']['memory'],
      kernel: '6.1.0-18-amd64',
      os: 'Debian GNU/Linux 12 (bookworm)',
      platform: 'linux-x64',
      node: 'v26.10.0',
      virtualised: 'kvm',
      governor: null,
      cgroup: { cpuQuota: null, cpuset: null, memoryLimit: null },
      openFiles: 1_048_576,
      ephemeralPorts: 28_232,
      hardwareCounters: false,
      loadAverage: 0.12,
      fingerprint: '0a1b2c3d4e5f',
    },
    scenarios: ['http-small', 'http-paced-50'],
    rounds: { planned: 12, measured: 12, repeated: 0, looks: 1 },
    alpha: { gate: 0.006, look: 0.003 },
    state: 'same',
    verdict: 'Head costs what base costs: CPU per request of l7-http in http-small +0.2 % (−0.4 to +0.8).',
    metrics: [
      metricOf({ ratio: 1.002 }),
      metricOf({ metric: 'throughput', better: 'higher', level: 41_300, ratio: 0.998 }),
      metricOf({ metric: 'serviceP50', scenario: 'http-paced-50', level: 312 }),
      metricOf({ metric: 'residentMemory', primary: false, level: 61.4 * 2 ** 20, used: 0.082 }),
    ],
    budgets: [],
    newErrors: [],
    notes: [],
    ...changed,
  };
}

const worse = {
  state: 'regressed',
  ratio: 1.104,
  reason: '+10.4 % (9.8 to 11.1), more than the 3.00 % that matters; p = 0.00146 against 0.003',
} as const;

/** By the name of its golden files. */
export const RESULTS: Readonly<Record<string, GateResult>> = {
  same: gateResult({ budgets: [budgetOf('kept')] }),
  regressed: gateResult({
    state: 'regressed',
    verdict: 'Head is more expensive: CPU per request of l7-http in http-small +10.4 % (+9.8 to +11.1).',
    head: { label: 'the working tree', commit: 'fedcba9876543210fedcba9876543210fedcba98', dirty: true },
    rounds: { planned: 12, measured: 24, repeated: 3, looks: 2 },
    metrics: [
      metricOf({ subject: 'l4-tcp', level: 8.6, ratio: 1.003 }),
      metricOf(worse),
      metricOf({
        metric: 'throughput',
        better: 'higher',
        level: 41_300,
        ratio: 0.91,
        state: 'regressed',
        reason: '−9.0 %, more than the 5 % that matters',
      }),
      metricOf({ metric: 'serviceP99', scenario: 'http-paced-50', level: 1_840, ratio: 1.03, state: 'inconclusive' }),
      metricOf({ metric: 'contextSwitchesPerRequest', primary: false, level: 0.31, ratio: 1.4, state: 'regressed' }),
    ],
    budgets: [budgetOf('kept'), budgetOf('exceeded', 'l7-http.residentMemory <= 64 MiB'), budgetOf('unknown')],
    newErrors: ['http-small, round 3: 12 of 40 000 requests were reset by the proxy'],
    notes: ['uncommitted changes were measured', '3 rounds were spoiled by the host (steal) and measured again'],
  }),
  improved: gateResult({
    state: 'improved',
    verdict: 'Head is cheaper: CPU per request of l7-http in http-small −12.1 % (−12.9 to −11.2).',
    metrics: [metricOf({ ratio: 0.879, state: 'improved' }), metricOf({ subject: 'l4-tcp', level: 8.6 })],
  }),
  inconclusive: gateResult({
    state: 'inconclusive',
    verdict: 'Cannot tell: CPU per request of l7-http in http-small +2.1 % (−1.9 to +6.2).',
    rounds: { planned: 12, measured: 24, repeated: 0, looks: 2 },
    metrics: [
      metricOf({ ratio: 1.021, state: 'inconclusive' }),
      metricOf({ metric: 'serviceP50', level: 312, ratio: 0.99 }),
    ],
    budgets: [budgetOf('unknown')],
  }),
  invalid: gateResult({
    state: 'invalid',
    verdict: 'Too few rounds could be measured: 4 of 12.',
    rounds: { planned: 12, measured: 4, repeated: 3, looks: 1 },
    metrics: [
      metricOf({
        rounds: 4,
        ratio: 1.3,
        state: 'invalid',
        reason: '4 rounds have both revisions; 9 at least are needed',
      }),
      metricOf({ metric: 'serviceP99', rounds: 0, state: 'invalid', reason: 'no round has the figure' }),
    ],
    notes: ['8 rounds were spoiled by the host: the hypervisor took 12 % of the CPU (limit 5.0 %)'],
  }),
  budgets: gateResult({
    mode: { kind: 'budgets', reason: 'base could not be installed: `npm ci` ended with code 1' },
    base: { label: 'v0.0.1', commit: null, dirty: false },
    verdict: 'Head was not compared with base (base could not be installed); 0 of 1 budgets exceeded.',
    metrics: [],
    budgets: [budgetOf('kept')],
  }),
  baseline: gateResult({
    mode: { kind: 'baseline', file: 'baselines/main.ndjson', yardsticks: ['l4-tcp'] },
    base: { label: 'baselines/main.ndjson', commit: '0123456789abcdef0123456789abcdef01234567', dirty: false },
    notes: ['the baseline is of another host: what favours one proxy there is in the difference'],
  }),
  odd: gateResult({
    state: 'regressed',
    verdict: ODD.sentence,
    base: { label: ODD.scenario, commit: null, dirty: false },
    command: ['hopcost', 'gate', '--base', "it's `x`\n```"],
    scenarios: [ODD.scenario],
    metrics: [
      metricOf({ ...worse, subject: ODD.subject, scenario: ODD.scenario, reason: ODD.sentence }),
      metricOf({ subject: '__proto__', scenario: 'constructor', level: 3 }),
    ],
    budgets: [budgetOf('exceeded', ODD.sentence, ODD.sentence)],
    newErrors: [ODD.sentence],
    notes: [ODD.sentence],
  }),
};

/** More of everything than any output has room for. */
export const hugeResult = (metrics = 6_000): GateResult =>
  gateResult({
    state: 'regressed',
    verdict: 'Everything is more expensive. '.repeat(200),
    metrics: Array.from({ length: metrics }, (_, i) =>
      metricOf({ ...worse, subject: `${'s'.repeat(100)}-${i}`, rounds: 3, level: i + 1, reason: 'much '.repeat(200) }),
    ),
    budgets: Array.from({ length: 500 }, (_, i) => budgetOf('exceeded', `budget ${i} ${'x'.repeat(300)}`)),
    newErrors: Array.from({ length: 300 }, (_, i) => `error ${i} ${'y'.repeat(300)}`),
    notes: Array.from({ length: 300 }, (_, i) => `note ${i} ${'z'.repeat(300)}`),
  });
