import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { SCHEMA_VERSION } from '#bench/model/record.ts';
import { SCHEMA_FILE, trialsSchema } from '#reports/schema.ts';
import { syntheticRun } from './synthetic-run.ts';
import { syntheticSearch } from './synthetic-search.ts';

const published = readFileSync(SCHEMA_FILE, 'utf8');
const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': isDateTime, starts_with: true } });
const validate = ajv.compile(JSON.parse(published) as object);

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

test('the published schema is that of the records', () => {
  assert.deepEqual(
    JSON.parse(published),
    JSON.parse(trialsSchema()),
    'run `node reports/schema.ts` and commit reports/trials.schema.json',
  );
});

test('every line of a run is valid', () => {
  const { run, subjects, trials, micro, end } = syntheticRun({ rounds: 3 });
  assert.deepEqual(new Set(trials.map(({ state }) => state)), new Set(['completed', 'invalid', 'failed']));
  for (const line of [run, ...subjects, ...trials, ...micro, end]) {
    const valid = validate(JSON.parse(JSON.stringify(line)));
    assert.ok(valid, JSON.stringify(validate.errors?.slice(0, 3)));
  }
});

test('every line of a search is valid too', () => {
  const { run, windows, knees } = syntheticSearch({ rounds: 0, cutAfter: 30 });
  const states = new Set(knees!.map(({ verdict }) => verdict.state));
  assert.ok(states.size > 0 && windows!.length > 30);
  for (const line of [run, ...windows!, ...knees!])
    assert.ok(validate(JSON.parse(JSON.stringify(line))), JSON.stringify(validate.errors?.slice(0, 3)));
  assert.ok(!validate({ ...knees![0], verdict: { state: 'found' } }));
});

test('what is not a record is refused', () => {
  const { run, trials } = syntheticRun({ rounds: 1, scenarios: ['http-small'] });
  const [trial] = trials;
  assert.ok(!validate({ ...run, schema: SCHEMA_VERSION + 1 }));
  assert.ok(!validate({ ...run, startedAt: 'yesterday' }));
  assert.ok(!validate({ ...trial, state: 'fine' }));
  assert.ok(!validate({ ...trial, bound: 'nobody' }));
  assert.ok(!validate({}));
});
