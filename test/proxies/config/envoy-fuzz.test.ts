/**
 * The reader of Envoy files under whatever YAML may hold: it gives an intent or an `IntentError` that says where, nothing else and at
 * once; and nothing that is written goes unread: each unknown or repeated field, at any depth of real files, is told by its path.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Document, isMap, isNode, isScalar, isSeq, LineCounter, parse, parseDocument, stringify } from 'yaml';
import type { YAMLMap } from 'yaml';
import { createCertificate } from '#bench/lab/certificates.ts';
import { readEnvoyConfig } from '#proxies/config/envoy.ts';
import { IntentError, type IntentProblem, problemText } from '#proxies/config/intent-error.ts';
import { type Key, pathOf } from '#proxies/config/source.ts';
import { generator } from '#test/random.ts';
import { runs, splice } from '../fuzz/inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopcost-'));
after(() => rmSync(folder, { recursive: true }));
const { cert, key } = createCertificate();
for (const [name, pem] of [
  ['servercert.pem', cert],
  ['serverkey.pem', key],
] as const)
  writeFileSync(join(folder, name), pem);

const corpus = join(import.meta.dirname, 'corpus');
const names = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
/** With certificates that can be read. */
const files = new Map(
  names.map((name) => [name, readFileSync(join(corpus, name), 'utf8').replaceAll('certs/', `${folder}/`)]),
);
const few = Math.ceil(runs / 250);

/** Milliseconds that no file of this size may take, on however busy a machine. */
const PATIENCE = 2_000;

interface Said {
  readonly starts: boolean;
  /** Of what it refuses, or else of what does nothing. */
  readonly problems: readonly IntentProblem[];
}

/** Throws whatever is no `IntentError`. */
function said(text: string): Said {
  const started = performance.now();
  try {
    return { starts: true, problems: readEnvoyConfig(text).notes };
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
    assert.ok(error.problems.length > 0);
    for (const problem of error.problems) assert.match(problemText(problem), /\S/);
    return { starts: false, problems: error.problems };
  } finally {
    const millis = performance.now() - started;
    assert.ok(millis < PATIENCE, `${millis} ms`);
  }
}

const starting = [...files].filter(([, text]) => said(text).starts);

/** Each mapping of a document, and the way to it. */
function mappingsOf(document: Document): { readonly keys: readonly Key[]; readonly map: YAMLMap }[] {
  const found: { keys: Key[]; map: YAMLMap }[] = [];
  const walk = (node: unknown, keys: Key[]): void => {
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...keys, index]);
    if (!isMap(node)) return;
    found.push({ keys, map: node as YAMLMap });
    for (const { key: name, value } of node.items) walk(value, [...keys, isScalar(name) ? String(name.value) : '']);
  };
  walk(document.contents, []);
  return found;
}

/** Whether something is said of what these keys lead to, or of a part around it as a whole; also as a further line of its cause. */
function isTold(text: string, keys: readonly Key[]): boolean {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const around = keys.map((_, depth) => keys.slice(0, depth + 1));
  const lines = around.flatMap((part) => {
    const node = document.getIn(part, true);
    return isNode(node) && node.range ? [counter.linePos(node.range[0]).line] : [];
  });
  const paths = around.map(pathOf);
  return said(text).problems.some(
    ({ path, also = [] }) => paths.includes(path) || also.some((line) => lines.includes(line)),
  );
}

/** Every mapping of a file in turn, with `change` made to it; what `check` says of the text that results. */
function atEachMapping(
  text: string,
  change: (map: YAMLMap, document: Document) => string | undefined,
  check: (changed: string, keys: readonly Key[]) => void,
): void {
  const places = mappingsOf(parseDocument(text)).length;
  for (let place = 0; place < places; place++) {
    const document = parseDocument(text);
    const { keys, map } = mappingsOf(document)[place]!;
    const name = change(map, document);
    if (name !== undefined) check(document.toString(), [...keys, name]);
  }
}

test('most of the files start, so that what is told of a change is told of it alone', () => {
  assert.ok(starting.length >= 20, String(starting.length));
});

for (const [name, text] of starting) {
  test(`${name}: an unknown field is told by its path, wherever it stands and whatever its value`, () => {
    for (const value of ['x', { deep: [1] }, [], {}, null])
      atEachMapping(
        text,
        (map, document) => {
          map.add(document.createPair('no_such_field', value));
          return 'no_such_field';
        },
        (changed, keys) => assert.ok(isTold(changed, keys), `${pathOf(keys)}: ${JSON.stringify(value)}`),
      );
  });

  test(`${name}: a repeated field is told, in either spelling`, () => {
    const most = Math.max(...mappingsOf(parseDocument(text)).map(({ map }) => map.items.length));
    const nameAt = (map: YAMLMap, item: number) => {
      const field = map.items[item]?.key;
      return isScalar(field) ? String(field.value) : undefined;
    };
    for (let item = 0; item < most; item++) {
      atEachMapping(
        text,
        (map, document) => {
          const field = nameAt(map, item);
          if (field !== undefined) map.items.push(document.createPair(field, null));
          return field;
        },
        (changed, keys) => {
          const [problem, ...more] = said(changed).problems;
          assert.deepEqual(more, []);
          assert.equal(problem!.message, `${keys.at(-1)} is there twice in one mapping`);
          assert.ok(problem!.line! > 0);
        },
      );
      atEachMapping(
        text,
        (map, document) => {
          const field = nameAt(map, item);
          const other = field?.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
          if (field === undefined || other === field) return undefined;
          map.items.push(document.createPair(other, null));
          return other;
        },
        (changed, keys) => assert.ok(isTold(changed, keys), pathOf(keys)),
      );
    }
  });
}

/** What the parser of YAML takes and no configuration means. */
const PECULIAR: Readonly<Record<string, RegExp>> = {
  'static_resources: {1: a, "1": b}': /^line 1: .*1 is there twice/,
  'a: &x 1\n*x : 2': /^line 2: .*a key must be plain text/,
  '? [a, b]\n: c': /a key must be plain text/,
  'a: *nowhere': /nowhere/,
  'a: &x [*x]': /^line 1: a: /m,
  'a: !secret {b: 1}': /!secret/,
  'static_resources: !!set {listeners, clusters}': /set/,
  '%YAML 1.1\n---\nstatic_resources: !!set {listeners}': /set/,
  'node: ~\nno_such_field: ~': /^line 2: no_such_field: /m,
  __proto__: /expected a mapping/,
  '__proto__: {a: 1}': /__proto__/,
  'constructor: {a: 1}': /constructor/,
  '': /expected a mapping, got nothing/,
  [`a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join('\n')}`]:
    /alias/,
  ['['.repeat(20_000)]: /\S/,
  ['- '.repeat(5_000)]: /\S/,
};

for (const [text, expected] of Object.entries(PECULIAR))
  test(`${JSON.stringify(text.slice(0, 60))} is refused, with the place`, () => {
    const { starts, problems } = said(text);
    assert.equal(starts, false);
    assert.match(problems.map(problemText).join('\n'), expected);
  });

/** Names and values of real files: what is made of them gets further than the first check. */
const words = { fields: new Set<string>(), values: new Set<unknown>() };
const subtrees: unknown[] = [];
(function collect(tree: unknown): void {
  if (typeof tree !== 'object' || tree === null) return void words.values.add(tree);
  subtrees.push(tree);
  for (const [field, value] of Object.entries(tree)) {
    if (!Array.isArray(tree)) words.fields.add(field);
    collect(value);
  }
})([...files.values()].map((text) => parse(text) as unknown));

const leaf = fc.oneof(
  fc.constantFrom(...words.values),
  fc.constantFrom(null, true, 0, -1, 1e300, '', '0s', '-1s', '9999999999s', '*', '/', '\0', 'é', Number.NaN),
  fc.string(),
  fc.double(),
);
const field = fc.oneof(fc.constantFrom(...words.fields), fc.string());
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(field, tie('tree'), { maxKeys: 6 }),
    fc.constantFrom(...subtrees),
  ),
}));

test(`${few} trees of anything, and of what real files are made of: an intent or a refusal`, () => {
  fc.assert(
    fc.property(tree, fc.boolean(), (value, isWhole) => {
      said(stringify(isWhole ? value : { static_resources: value }));
    }),
    { numRuns: few },
  );
});

test(`${few} real files, each with parts replaced, removed and put elsewhere: an intent or a refusal`, () => {
  const seen = { starts: 0, refused: 0 };
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.option(tree)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...files.values()), edits, (text, changes) => {
      const document = new Document(parse(text), { aliasDuplicateObjects: false }); // an anchor could go without its aliases
      for (const [place, item, value] of changes) {
        const mappings = mappingsOf(document);
        if (mappings.length === 0) break;
        const { map } = mappings[place % mappings.length]!;
        const pair = map.items[item % Math.max(1, map.items.length)];
        if (!pair) continue;
        if (value === null) map.items.splice(map.items.indexOf(pair), 1);
        else pair.value = document.createNode(value, { aliasDuplicateObjects: false });
      }
      seen[said(document.toString()).starts ? 'starts' : 'refused']++;
    }),
    { numRuns: few },
  );
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > few / 100, `${kind}: ${count} only`);
});

test(`${few} real files, each with bytes changed: an intent or a refusal`, () => {
  const random = generator(0x9e3779b9);
  const seeds = [...files.values()].map((text) => Buffer.from(text));
  const pieces = [
    '\n',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '!!set ',
    '"',
    "'",
    '|\n',
    '>',
    '? ',
    '#',
    '\t',
    '~',
  ]
    .concat([...words.fields].map((word) => `${word}: `))
    .map((piece) => Buffer.from(piece));
  for (let run = 0; run < few; run++) said(splice(seeds[run % seeds.length]!, pieces, random).toString('utf8'));
});
