/** Calibration and second opinions on the page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { readRecords } from '#bench/model/read.ts';
import { type CalibrationRecord, recordLines } from '#bench/model/record.ts';
import { page } from '#reports/html/page.ts';
import { record, tool } from '#test/bench/analysis/instruments/opinions.ts';
import { syntheticRun } from './synthetic-run.ts';

const plain = syntheticRun({ rounds: 2, scenarios: ['http-small'], mishaps: false });
const calibration: CalibrationRecord = {
  record: 'calibration',
  checks: [
    {
      name: 'delay 5 ms, p50',
      tries: 'delay',
      quantile: 'p50',
      unit: 'µs',
      expected: 5_120,
      measured: 5_131,
      limit: 100,
      passed: true,
    },
    {
      name: 'dropped beyond capacity',
      tries: 'drops',
      unit: 'requests',
      expected: 318,
      measured: 324,
      limit: 0,
      passed: false,
      repeated: true,
      disturbed: { steal: 0.02, foreign: 0.31, wakeups: 640 },
    },
  ],
  wakeups: { p50: 60, p99: 700 },
};
const secondOpinion = record([tool('http1', 2_000), tool('<wrk>', 2_400)], 'target', {
  missing: [{ tool: 'h2load', install: 'apt-get install nghttp2-client' }],
});

test('a section of its own, only where there is something in it; text stays text', async () => {
  const records = { ...plain, calibration, secondOpinion };
  const text = (await page(analyse(records), records)).replaceAll('\u00a0', ' ');
  assert.match(
    text,
    /host disturbed<\/span><small>steal 2\.0 %, others 31 %, a bare thread woken 640 µs late \(p99\)<\/small>/,
  );
  assert.match(text, /woke a bare thread, without the driver, within 60\.0 µs \(p50\) and 700 µs \(p99\)/);
  assert.match(text, /318 requests\s*<\/td>\s*<td[^>]*>\s*324 requests\s*<\/td>/);
  assert.match(text, /&lt;wrk&gt;<\/span><small>1\.0<\/small>/);
  assert.match(text, /h2load is not installed here \(<code>apt-get install nghttp2-client<\/code>\)/);
  assert.ok(!text.includes('<wrk>'));
  assert.doesNotMatch(await page(analyse(plain), plain), /id="second-opinions"/);
});

test('the records survive the way to the file and back', () => {
  const { records } = readRecords(recordLines({ ...plain, calibration, secondOpinion }));
  assert.deepEqual([records.calibration, records.secondOpinion], [calibration, secondOpinion]);
});
