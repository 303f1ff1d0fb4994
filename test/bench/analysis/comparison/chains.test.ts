/** Chains whose hops have known costs: the slope finds them, and whether they add up is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { ChainCost } from '#bench/analysis/comparison/chains.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { type SyntheticOptions, syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const references = TRUTHS.filter(({ name }) => ['direct', 'l4-tcp', 'l7-http'].includes(name));
const chained = (options: SyntheticOptions = {}, bend = 1, hops = 3) =>
  syntheticRun({
    subjects: references,
    scenarios: ['http-small', 'http-paced-50'],
    mishaps: false,
    micro: false,
    chains: { of: ['l4-tcp', 'l7-http'], hops, bend },
    ...options,
  });
const costOf = (
  analysis: Analysis,
  hop: string,
  metric: ChainCost['metric'] = 'cpuPerRequest',
  scenario = 'http-small',
) => analysis.chains.find((one) => one.hop === hop && one.metric === metric && one.subject.scenario === scenario)!;
const holds = ({ estimate: { low, high } }: ChainCost, truth: number): boolean => low <= truth && truth <= high;

test('the cost of a further hop lies in its interval, about as often as it says', () => {
  const runs = 25;
  let held = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const analysis = analyse(chained({ seed, rounds: 8, scenarios: ['http-small'] }));
    for (const [hop, truth] of [
      ['l4-tcp', 8.6],
      ['l7-http', 18.2],
    ] as const)
      if (holds(costOf(analysis, hop), truth)) held++;
  }
  assert.ok(held >= 2 * runs * 0.85, `${held} of ${2 * runs}, 97 % stated`);
});

test('hops that cost as much as the first are linear; cheaper and dearer ones are not, and by how much is said', () => {
  const linear = costOf(analyse(chained()), 'l7-http');
  assert.equal(linear.linear, true);
  assert.equal(linear.strength, 'claim');
  for (const [bend, sign] of [
    [0.6, -1],
    [1.5, 1],
  ] as const) {
    const cost = costOf(analyse(chained({ noise: 0.01 }, bend)), 'l7-http');
    assert.equal(cost.linear, false);
    assert.ok(holds(cost, 18.2 * bend), `${cost.estimate.low}–${cost.estimate.high}`);
    const { excess } = cost.lengths[2]!;
    const truth = 18.2 * (1 + 2 * bend) - 3 * 18.2;
    assert.ok(excess!.low <= truth && truth <= excess!.high && Math.sign(excess!.value) === sign);
  }
});

test('time is read over direct, at the same offered rate for every length', () => {
  const cost = costOf(analyse(chained({ noise: 0.01 })), 'l7-http', 'serviceP50', 'http-paced-50');
  assert.ok(Math.abs(cost.estimate.value - 68) < 4, `${cost.estimate.value}`);
  assert.equal(cost.linear, true, 'what the way to the origin takes without any hop is not counted with each');
});

test('two hops are a chain too, and a round that lacks a length is left out of all of them', () => {
  const records = chained({ rounds: 6, scenarios: ['http-small'] }, 1, 2);
  const trials = records.trials.filter(
    ({ generation, subject }) => !(generation === 0 && subjectName(subject) === 'l7-http ×2'),
  );
  const analysis = analyse({ ...records, trials });
  assert.equal(costOf(analysis, 'l7-http').estimate.n, 5);
  assert.deepEqual(
    costOf(analysis, 'l7-http').lengths.map(({ estimate }) => estimate.n),
    [5, 5],
  );
  assert.equal(costOf(analysis, 'l4-tcp').estimate.n, 6);
});

test('instructions add up like CPU time where they are counted', () => {
  const cost = costOf(analyse(chained({ instructions: true, rounds: 4 })), 'l7-http', 'instructionsPerRequest');
  // The synthetic kernel part is that of one hop, whatever stands in the row.
  assert.ok(Math.abs(cost.estimate.value / (1_150 * 18.2) - 1) < 0.1, `${cost.estimate.value}`);
});

test('a chain is a subject of its own and stands in for no hop: ratios and headlines are those of one', () => {
  const analysis = analyse(chained());
  assert.ok(analysis.scenarios[0]!.subjects.some(({ subject }) => subject === 'l7-http ×3'));
  assert.deepEqual(
    analysis.comparisons.map(({ subject, reference }) => [subject.subject, reference.subject]),
    [['l7-http', 'l4-tcp']],
  );
  const sentences = analysis.findings.map(({ sentence }) => plain(sentence));
  assert.equal(sentences.filter((one) => one.startsWith('One L7 hop')).length, 1);
  assert.ok(
    sentences.some((one) =>
      /^A further hop of l7-http cost 18\.\d µs \(1\d\.\d–18\.\d\) of CPU per request \(http-small, 1 to 3 in a row\); linear as far as this run can tell: 2 hops .* against 2 times one, 3 hops .* against 3 times one\.$/.test(
        one,
      ),
    ),
    sentences.join('\n'),
  );
  assert.ok(sentences.some((one) => /^A further hop of l4-tcp added .* of service time p50 \(http-paced-50/.test(one)));
});

test('one round has a slope and no claim; without chains there is none', () => {
  const cost = costOf(analyse(chained({ rounds: 1 })), 'l7-http');
  assert.deepEqual([cost.strength, cost.linear], ['cannot tell', null]);
  assert.deepEqual(analyse(syntheticRun({ rounds: 2 })).chains, []);
});

test('a slope that noise hides cannot be told, and is said so', () => {
  const free = references.map((truth) => (truth.layer === 'l7' ? { ...truth, cpu: 18.2 } : truth));
  const analysis = analyse(chained({ subjects: free, noise: 0.25, rounds: 6, scenarios: ['http-small'] }, 0));
  assert.equal(costOf(analysis, 'l7-http').strength, 'cannot tell');
  assert.ok(
    analysis.findings.some(({ sentence }) =>
      /^What a further hop of l7-http adds to CPU per request cannot be told .* per hop holds 0\.$/.test(
        plain(sentence),
      ),
    ),
  );
});

test('terminal and Markdown lay out the cost per hop, within the width of a terminal', () => {
  const analysis = analyse(chained({ noise: 0.01 }, 0.6));
  const terminal = plain(renderTerminal(analysis));
  assert.match(
    terminal,
    /^ In a row +per hop µs +interval +linear +1 hop µs +2 hops µs +3 hops µs\n l7-http +10\.\d +[\d.]+–[\d.]+ +no +18\.\d/m,
  );
  assert.ok(terminal.split('\n').every((line) => line.length <= 80));
  const markdown = plain(reportMarkdown.render(analysis, chained()) as string);
  assert.match(markdown, /## Cost per hop\n\n\| In a row \| A further hop, µs \| Linear \|.*\n.*\n\| l7-http /);
  assert.match(markdown, /not linear: 2 hops −\d/);
});
