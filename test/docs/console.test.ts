/** Every command that the README and the pages of `docs/` show is run, and prints what the page says that it prints. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandsOf, missing, readPage, runSession, scratchCheckout } from './console.ts';

const PAGES = [
  'README.md',
  'bench/gate/README.md',
  ...readdirSync(join(import.meta.dirname, '../../docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const SMALL = '--preset smoke --scenarios http-small --generations 2 --rounds 1';
/** What takes too long or installs something, and what is run in its place. */
const STAND_INS: Readonly<Record<string, string>> = {
  'npm ci && npm run bench': `npm run bench -- ${SMALL} --proxies l4-tcp`,
  'npm ci && npm test': 'node --test test/docs/links.test.ts',
  'npm run bench -- --proxies l4-tcp,l7-http,envoy-tcp,envoy-http': `npm run bench -- --proxies l4-tcp,l7-http ${SMALL}`,
  'npx hopcost bench': `npx hopcost bench --proxies own ${SMALL}`,
  'npx hopcost prices': 'npx hopcost prices --help',
  'npx hopcost prices --filters jwt,compression --proxies l7-http,envoy-http':
    'npx hopcost prices --preset smoke --filters jwt-rs256,compression --proxies l7-http',
  'npx hopcost prices --preset smoke --filters cors':
    'npx hopcost prices --preset smoke --filters cors --proxies l7-http',
  'npx hopcost gate --base HEAD~1': 'npx hopcost gate --help',
  'npx hopcost gate --base origin/main': 'npx hopcost gate --help',
};

const isolation = missing();

for (const page of PAGES) {
  const commands = commandsOf(readPage(page));
  if (commands.length === 0) continue;
  test(`the commands of ${page}`, { skip: isolation, timeout: 120_000 }, () => {
    using checkout = scratchCheckout();
    const outcomes = runSession(
      commands.map(({ text }) => STAND_INS[text] ?? text),
      checkout.path,
    );
    for (const [i, { text, shown }] of commands.entries()) {
      const { code, printed } = outcomes[i]!;
      // Only what was told to end may end by a signal.
      const expected = text.includes('wait %') ? [0, 143] : [0];
      assert.ok(expected.includes(code), `'${text}' ended with ${code}:\n${printed}`);
      if (shown !== '') assert.equal(printed, shown, `what '${text}' prints`);
    }
  });
}

test('no stand-in is left of a command that no page shows any more', () => {
  const shown = new Set(PAGES.flatMap((page) => commandsOf(readPage(page)).map(({ text }) => text)));
  assert.deepEqual(
    Object.keys(STAND_INS).filter((text) => !shown.has(text)),
    [],
  );
});

test('commands and what is shown of their output are told apart', () => {
  assert.deepEqual(commandsOf('```console\n$ one\n$ two\na\nb\n```\n\ntext\n\n```console\n$ three &\n```\n'), [
    { text: 'one', shown: '' },
    { text: 'two', shown: 'a\nb' },
    { text: 'three &', shown: '' },
  ]);
});
