import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MicroRecord } from '#bench/model/record.ts';
import { SUITES, medianInterval, runMicro } from '#bench/micro/run.ts';

const never = new AbortController().signal;
const quiet = { time: 5, onResult: () => {} };

test('every task of every suite runs and gives a valid record', async () => {
  const records = await runMicro({ ...quiet, time: 1, suites: SUITES }, never);
  assert.equal(records.length, SUITES.flatMap((s) => s.tasks).length);
  for (const record of records) {
    MicroRecord.parse(record);
    assert.ok(record.median > 0 && record.low <= record.median && record.median <= record.high, JSON.stringify(record));
  }
});

test('a tenfold operation is found to cost several times more', async () => {
  const work = (factor: number) => (times: number) => {
    let x = 1;
    for (let i = 0; i < times * factor; i++) x = (x * 1_103 + 12_345) % 65_537;
    return x;
  };
  const tasks = [1, 10].map((factor) => ({ name: `${factor}`, perRequest: 0, run: work(factor) }));
  const [one, ten] = await runMicro({ ...quiet, time: 30, suites: [{ name: 's', tasks }] }, never);
  assert.ok(ten!.median / one!.median > 4, `${ten!.median / one!.median}`);
});

test('a task that throws rejects with its error', async () => {
  const tasks = [
    {
      name: 'broken',
      perRequest: 0,
      run: (): number => {
        throw new Error('broken on purpose');
      },
    },
  ];
  await assert.rejects(runMicro({ ...quiet, suites: [{ name: 's', tasks }] }, never), /broken on purpose/);
});

test('an abort ends the run before the next task', async () => {
  const controller = new AbortController();
  const done: string[] = [];
  const tasks = ['a', 'b'].map((name) => ({ name, perRequest: 0, run: (times: number) => times }));
  const onResult = ({ task }: { task: string }): void => {
    done.push(task);
    controller.abort();
  };
  await assert.rejects(runMicro({ time: 1, suites: [{ name: 's', tasks }], onResult }, controller.signal), {
    name: 'AbortError',
  });
  assert.deepEqual(done, ['a']);
});

test('the interval of the median has the ranks of the binomial table', () => {
  // Exact 95 % ranks for n = 100 are 40 and 61, 1-based (Conover, Practical Nonparametric Statistics, table A3).
  const { low, high } = medianInterval(100);
  assert.ok(Math.abs(low + 1 - 40) <= 1 && Math.abs(high + 1 - 61) <= 1, `${low + 1}, ${high + 1}`);
  assert.deepEqual(medianInterval(1), { low: 0, high: 0 });
});
