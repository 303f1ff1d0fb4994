/**
 * CI's look at a run's folder: `node scripts/check-report.ts FOLDER STDOUT`. Every planned trial has a record, the files are there,
 * the page names every subject and asks no network, and what `--json` printed is the report. Where there is a Chromium the page is put
 * through what the tests ask of synthetic runs: seen, labelled, sorted, switched, downloaded, printed. Exit code 1 with the first fault.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRecords } from '#bench/model/read.ts';
import { hopName, subjectName } from '#bench/model/scenario.ts';
import { factsOf } from '#bench/plan/applies.ts';
import { planGenerations } from '#bench/plan/generations.ts';
import { proxies } from '#proxies/registry.ts';
import { launch, skip } from '#test/reports/browser.ts';
import { checkReport, LARGEST } from '#test/reports/page-checks.ts';

const [folder, stdout] = process.argv.slice(2);
assert.ok(folder !== undefined && stdout !== undefined, 'usage: check-report.ts FOLDER STDOUT');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

const { records, torn } = readRecords(read('trials.ndjson'));
const { run, subjects, trials, end } = records;
assert.equal(torn, false, 'trials.ndjson ends in the middle of a line');
assert.equal(end?.state, 'completed', 'the run did not complete');
for (const { subject, preflight } of subjects)
  for (const { rule, passed, detail } of preflight)
    assert.ok(passed, `${subjectName(subject)}: preflight '${rule}' failed: ${detail}`);

const facts = subjects.map((record) => factsOf(record, proxies.get(hopName(record.subject))?.capabilities));
const plan = planGenerations({ scenarios: run.scenarios, subjects: facts, generations: run.rounds, seed: run.seed });
// What the host spoiled is measured once more, behind its generation.
const first = trials.filter(({ generation, position }) => position < (plan[generation]?.length ?? 0));
assert.equal(first.length, plan.flat().length, 'trials recorded ≠ trials planned');
for (const trial of trials)
  assert.notEqual(
    trial.state,
    'failed',
    `${trial.scenario} · ${subjectName(trial.subject)} failed: ${trial.state === 'failed' ? trial.error.message : ''}`,
  );
assert.ok(
  trials.some(({ state }) => state === 'completed'),
  'no trial completed',
);

const html = read('report.html');
for (const { subject } of subjects)
  assert.ok(html.includes(subjectName(subject)), `report.html does not mention ${subjectName(subject)}`);
assert.doesNotMatch(html, /(?:src|href)\s*=\s*["']?(?:https?:)?\/\//, 'report.html refers to the network');
assert.ok((html.match(/<svg/g) ?? []).length >= 3, 'report.html lacks its charts');
assert.equal(read('trials.csv').trim().split('\n').length, trials.length + 1, 'trials.csv: one row a trial');
for (const file of ['summary.csv', 'report.md']) assert.ok(read(file).length > 100, `${file} is empty`);
assert.deepEqual(
  JSON.parse(readFileSync(stdout, 'utf8')),
  JSON.parse(read('report.json')),
  '--json printed something else than report.json',
);
assert.ok(
  Buffer.byteLength(html) <= LARGEST,
  `report.html has ${Buffer.byteLength(html)} octets, expected ${LARGEST} at most`,
);
const measured = subjects.find(({ layer }) => layer !== 'direct');
if (measured && skip === false) {
  await using browser = await launch();
  await checkReport(browser, pathToFileURL(resolve(folder, 'report.html')).href, subjectName(measured.subject));
}

const completed = trials.filter(({ state }) => state === 'completed').length;
process.stdout.write(
  `report checked${skip === false ? ', in a browser too' : ` (${skip})`}: ${completed} of ${trials.length} trials completed, ${facts.length} subjects\n`,
);
