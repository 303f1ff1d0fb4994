/** Every output of every state as it was, and all of them in a folder. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gateOutputs } from '#reports/gate/registry.ts';
import { writeGateOutputs } from '#reports/gate/write.ts';
import { matchesGolden } from '../golden.ts';
import { gateResult, hugeResult, RESULTS } from './synthetic-result.ts';

/** Those that say the same in every state need no file of each. */
const FEW = new Set(['comment', 'bencher', 'smaller-is-better', 'benchfmt-base', 'benchfmt-head']);
const TELLING = new Set(['regressed', 'odd']);

for (const output of gateOutputs.filter(({ format }) => format !== 'json'))
  for (const [state, result] of Object.entries(RESULTS))
    if (!FEW.has(output.format) || TELLING.has(state))
      test(`${output.format} of '${state}' is as it was`, () =>
        matchesGolden(`gate/${state}-${output.file}`, output.render(result)));

test('every output has a format and a file of its own, and the same result gives the same text', () => {
  assert.equal(new Set(gateOutputs.map(({ format }) => format)).size, gateOutputs.length);
  assert.equal(new Set(gateOutputs.map(({ file }) => file)).size, gateOutputs.length);
  for (const output of gateOutputs)
    for (const result of Object.values(RESULTS)) assert.equal(output.render(result), output.render(result));
});

test('a result with nothing in it, and one with far too much, are told by every output', () => {
  const empty = gateResult({ metrics: [], scenarios: [], state: 'invalid', verdict: 'Nothing was measured.' });
  const huge = hugeResult(200);
  for (const output of gateOutputs)
    for (const result of [empty, huge]) assert.ok(output.render(result).length > 0, output.format);
});

test('json holds the whole result', () => {
  const result = RESULTS['regressed']!;
  const { gate, ...rest } = JSON.parse(gateOutputs[0]!.render(result)) as Record<string, unknown>;
  assert.equal(gate, 1);
  assert.deepEqual(rest, JSON.parse(JSON.stringify(result)));
});

const folder = await mkdtemp(join(tmpdir(), 'hopcost-gate-'));
after(() => rm(folder, { recursive: true, force: true }));

test('all are written into the folder, and nothing else', async () => {
  const result = RESULTS['regressed']!;
  const paths = await writeGateOutputs(result, folder);
  assert.deepEqual(
    paths,
    gateOutputs.map(({ file }) => join(folder, file)),
  );
  assert.deepEqual((await readdir(folder)).toSorted(), gateOutputs.map(({ file }) => file).toSorted());
  for (const [i, path] of paths.entries())
    assert.equal(await readFile(path, 'utf8'), gateOutputs[i]!.render(result).toWellFormed());
});
