import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { faultCount, tell, tellFault } from '#proxies/platform/notices.ts';

/** What goes to stderr meanwhile. */
function said(act: () => void): string[] {
  const lines: string[] = [];
  const write = mock.method(process.stderr, 'write', (text: string) => lines.push(text) > 0);
  try {
    act();
  } finally {
    write.mock.restore();
  }
  return lines;
}

test('one line a kind, however often it comes; the rest is counted and told with the next', () => {
  let now = 1_000_000;
  const clock = mock.method(performance, 'now', () => now);
  try {
    const flood = () => {
      for (let i = 0; i < 1_000; i++) tell('planted', () => `number ${i}`);
    };
    assert.deepEqual(said(flood), ['hopcost: planted: number 0\n']);
    assert.deepEqual(
      said(() => tell('another', () => 'x')),
      ['hopcost: another: x\n'],
    );
    now += 9_999;
    assert.deepEqual(said(flood), []);
    now += 1;
    assert.deepEqual(said(flood), ['hopcost: planted: number 0 (and 1999 more since the last such line)\n']);
  } finally {
    clock.mock.restore();
  }
});

test('what a peer sent cannot steer the terminal', () => {
  assert.deepEqual(
    said(() => tell('steered', () => 'a\x1b[2Jb\rc\x9bd')),
    ['hopcost: steered: a\\x1b[2Jb\\x0dc\\x9bd\n'],
  );
});

test('a fault is counted and told with its place', () => {
  const before = faultCount();
  const [line] = said(() => tellFault(new TypeError('planted fault')));
  assert.match(line!, /internal_error: TypeError: planted fault\n {4}at /);
  assert.equal(faultCount(), before + 1);
});
