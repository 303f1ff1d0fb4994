/** The command: what it is asked, how it ends, and one small list from the proxy to its reports. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pricedFilters } from '#bench/lab/priced-filters.ts';
import { UsageError } from '#bench/model/errors.ts';
import { readRecords } from '#bench/model/read.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { codeOf } from '#scripts/commands/prices.ts';
import { EXIT } from '#scripts/exit.ts';
import { chooseFilters, settlePrices } from '#scripts/run/prices.ts';
import { hopcost, temporaryFolder } from './cli.ts';

const all = pricedFilters();
const names = (asked: string[]) => chooseFilters(asked, all).map(({ name }) => name);

test('filters by their own names, or all that are priced of one; nothing is always beside them', () => {
  assert.deepEqual(names(['cors']), ['nothing', 'cors']);
  assert.deepEqual(names(['jwt']), ['nothing', 'jwt-hs256', 'jwt-rs256', 'jwt-es256', 'jwt-cached']);
  assert.deepEqual(names(['stack', 'cors']), ['nothing', 'cors', 'stack']);
  assert.equal(chooseFilters(undefined, all).length, all.length);
});

test('what is wrong is said, with what there is', async () => {
  const refused = (flags: Parameters<typeof settlePrices>[0], message: RegExp) =>
    assert.rejects(settlePrices(flags, {}), (error) => error instanceof UsageError && message.test(error.message));
  await refused({ filters: 'jtw' }, /unknown filter 'jtw'; did you mean 'jwt'\?/);
  await refused({ proxies: 'l4-tcp' }, /l4-tcp has no price: prices are of L7 proxies without TLS/);
  await refused({ proxies: 'l7-tls' }, /l7-tls/);
  await refused({ proxies: 'node-http' }, /node-http has no price: it offers none of/);
  await refused({ preset: 'quik' }, /unknown preset 'quik'; did you mean 'quick'\?/);
  await refused({ proxies: 'l7-http', generations: '0' }, /--generations 0: expected a whole number from 1/);
  await refused({ proxies: 'l7-http', rounds: 'x' }, /--rounds x: expected a whole number/);
});

test('how it ends', () => {
  const price = (subject: string, state: 'measured' | 'refused') => ({ subject, state });
  const end = (more: Partial<Parameters<typeof codeOf>[0]>) =>
    codeOf({ interrupted: false, named: [], strict: false, list: [price('a', 'measured')], ...more });
  assert.equal(end({}), EXIT.ok);
  assert.equal(end({ interrupted: true }), EXIT.interrupted);
  assert.equal(end({ list: [] }), EXIT.failure);
  assert.equal(end({ named: ['b'] }), EXIT.failure);
  const list = [price('a', 'measured'), price('a', 'refused')];
  assert.equal(end({ list }), EXIT.ok);
  assert.equal(end({ list, strict: true }), EXIT.inconclusive);
});

test('a small list: the filter has its price in the records and in every report', { timeout: 110_000 }, async () => {
  using folder = temporaryFolder();
  const args = ['prices', '--preset', 'smoke', '--filters', 'api-key,cache,compression', '--proxies', 'l7-http'];
  const { code, stdout, stderr } = await hopcost(...args, '--out', folder.path, '--seed', '1');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /1 generations of 2 rounds, about/);
  assert.match(stdout, /l7-http \+ api-key/);
  const run = join(folder.path, readlinkSync(join(folder.path, 'latest')));
  const { records } = readRecords(readFileSync(join(run, 'trials.ndjson'), 'utf8'));
  assert.deepEqual(
    records.subjects.map(({ subject }) => subjectName(subject)),
    ['l7-http', ...['nothing', 'api-key', 'cache', 'compression'].map((name) => `l7-http + ${name}`)],
  );
  assert.equal(records.trials.length, 8);
  for (const trial of records.trials) assert.equal(trial.state, 'completed', JSON.stringify(trial).slice(0, 500));
  for (const file of ['report.html', 'report.json', 'report.md', 'summary.csv']) assert.ok(existsSync(join(run, file)));
  assert.match(readFileSync(join(run, 'summary.csv'), 'utf8'), /^price-api-key,l7-http \+ api-key,l7,price,/m);
});
