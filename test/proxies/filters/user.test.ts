/** A filter of one's own, from a module; and its mistakes, which are paid for by one request. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { answering, ok } from '../l7/lab.ts';
import { problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const module = join(import.meta.dirname, 'modules/filter.ts');

test('it sees requests and edits them', async () => {
  await using lab = await setupRegistered(answering(ok), { user: { module, config: { does: 'mark' } } });
  assert.equal(statusOf(await lab.exchange(request())), 200);
  assert.match(lab.origin.connections[0]!.text, /^X-Own: yes\r$/m);
});

const MISTAKES: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  throw: [500, 'filter_failed'],
  reject: [500, 'filter_failed'],
  hang: [504, 'filter_timeout'],
  refuse: [418, 'filter_reply'],
};
for (const [does, [status, reason]] of Object.entries(MISTAKES))
  test(`where it does ${does}, that request is answered ${status}, and the next one as ever`, async () => {
    const timeouts = { upstreamResponse: 100 };
    await using lab = await setupRegistered(answering(ok), { user: { module, config: { does } } }, { timeouts });
    assert.equal(statusOf(await lab.exchange(request())), status);
    assert.equal(statusOf(await lab.exchange(request(['X-Spare: me']))), 200);
    assert.deepEqual(await reasonsOf(lab), { [reason]: 1 });
  });

test('a module that is none is refused, with what it lacks', () => {
  const problem = (user: unknown): string => problemsOf({ user })[0]!;
  assert.match(problem({ module: './nowhere.ts' }), /filter user: \.\/nowhere\.ts cannot be loaded: /);
  assert.match(
    problem({ module: join(module, '../no-filter.ts') }),
    /to export an object with create\(config, service\) by default/,
  );
  assert.match(problem({ module, config: {} }), /expected a config that says what the filter does/);
  assert.match(problem({ module: '' }), /^filters\.user\.module: expected the path of a module/);
});
