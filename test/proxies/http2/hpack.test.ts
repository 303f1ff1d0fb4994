/** HPACK: what one side encodes the other decodes; whatever is no legal block is refused; nothing grows without bound. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { COMPRESSION_ERROR, ENHANCE_YOUR_CALM, Http2Error } from '#proxies/http2/errors.ts';
import { FieldSection } from '#proxies/http2/field-section.ts';
import { HpackDecoder } from '#proxies/http2/hpack-decoder.ts';
import { HpackEncoder } from '#proxies/http2/hpack-encoder.ts';
import { decodeHuffman, encodeHuffman, huffmanLength } from '#proxies/http2/huffman.ts';
import { generator } from '#test/random.ts';
import { Output } from '#proxies/http2/output.ts';
import { headerSections, type TestField } from './header-sets.ts';
import { decodeBlock, encodeBlock } from './hpack-streams.ts';

const isCompressionError = (error: unknown): boolean => error instanceof Http2Error && error.code === COMPRESSION_ERROR;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const bytesText = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 80 })
  .map((codes) => String.fromCharCode(...codes));

describe('Huffman', () => {
  it('gives back every text', () => {
    fc.assert(
      fc.property(bytesText, (text) => {
        const coded = Buffer.alloc(huffmanLength(text));
        assert.equal(encodeHuffman(text, coded, 0), coded.length);
        const plain = Buffer.alloc(coded.length * 2);
        const end = decodeHuffman(coded, 0, coded.length, plain, 0);
        assert.equal(plain.toString('latin1', 0, end), text);
      }),
      { numRuns: 2_000 },
    );
  });
  for (const [name, coded] of [
    ['padding of zeros', '18'],
    ['eight bits of padding', '1fff'],
    ['a whole byte of padding and nothing else', 'ff'],
    ['the end-of-string symbol', 'fffffffc'],
    ['the end-of-string symbol before other symbols', '1ffffffff8c7'],
  ] as const) {
    it(`refuses ${name}`, () => {
      const bytes = hex(coded);
      assert.equal(decodeHuffman(bytes, 0, bytes.length, Buffer.alloc(16), 0), -1);
    });
  }
});

const REFUSED: readonly [name: string, block: string][] = [
  ['index 0', '80'],
  ['an index that no table has', 'be'],
  ['an index far beyond the tables', 'ffffffff07'],
  ['an integer that overflows', 'ffffffffffffffff7f'],
  ['an integer longer than any value needs', 'ff8080808080808000'],
  ['a block that ends within an integer', 'ff80'],
  ['a block that ends before a name', '40'],
  ['a block that ends within a name', '4005616263'],
  ['a block that ends before a value', '400161'],
  ['a block that ends within a value', '4001610562'],
  ['a literal with the name of no entry', '7f0061'],
  ['a string whose length overflows', '40 7fffffffffffff7f 61'],
  ['a table size update behind a field', '8220'],
  ['a table size above the limit', '3fe21f'],
  ['a string that is not Huffman coded as it says', '00 81 18 01 61'],
];

describe('HPACK', () => {
  for (const [name, block] of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => decodeBlock(new HpackDecoder(), hex(block)), isCompressionError);
    });
  }

  it('takes integers with needless zeros behind them, as long as they are short', () => {
    assert.deepEqual(decodeBlock(new HpackDecoder(), hex('0f 00 01 61')), [['accept-charset', 'a', false]]);
    assert.deepEqual(decodeBlock(new HpackDecoder(), hex('0f 80 00 01 61')), [['accept-charset', 'a', false]]);
  });

  it('takes several table size updates at the beginning of a block', () => {
    assert.deepEqual(decodeBlock(new HpackDecoder(), hex('20 3f61 82')), [[':method', 'GET', false]]);
  });

  it('empties the table for an entry that is larger than all of it', () => {
    const decoder = new HpackDecoder(64);
    decodeBlock(decoder, hex('4001610162'));
    assert.equal(decoder.tableSize, 34);
    decodeBlock(decoder, Buffer.concat([hex('40016128'), Buffer.alloc(40, 'x')]));
    assert.equal(decoder.tableSize, 0);
  });

  it('takes the name of an entry that the new one pushes out', () => {
    const decoder = new HpackDecoder(64);
    decodeBlock(decoder, hex('4003 616263 0162'));
    assert.deepEqual(decodeBlock(decoder, Buffer.concat([hex('7e14'), Buffer.alloc(20, 'y')])), [
      ['abc', 'y'.repeat(20), false],
    ]);
    assert.deepEqual(decodeBlock(decoder, hex('be')), [['abc', 'y'.repeat(20), false]]);
  });

  it('wants to be told after the limit went down', () => {
    const decoder = new HpackDecoder();
    decoder.setLimit(100);
    assert.throws(() => decodeBlock(decoder, hex('82')), isCompressionError);
    const obedient = new HpackDecoder();
    obedient.setLimit(100);
    assert.equal(decodeBlock(obedient, hex('3f45 82')).length, 1);
  });

  it('gives back whatever fields it encodes, at every table size, sensitive ones as such', () => {
    const field = fc.tuple(
      fc.oneof(bytesText, fc.constantFrom(':path', 'etag', 'cookie', 'accept', 'x-a', 'x-b')),
      bytesText,
      fc.boolean(),
    );
    const sections = fc.array(
      fc.record(
        { tableSize: fc.constantFrom(0, 40, 90, 300, 4_096, 65_536), fields: fc.array(field, { maxLength: 12 }) },
        { requiredKeys: ['fields'] },
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(sections, fc.constantFrom(0, 100, 4_096, 20_000), (series, most) => {
        const encoder = new HpackEncoder(most);
        const decoder = new HpackDecoder();
        for (const section of series) {
          if (section.tableSize !== undefined) decoder.setLimit(section.tableSize);
          const block = encodeBlock(encoder, section);
          const expected = section.fields.map(([name, value, isSensitive]): TestField => {
            return [name, value, isSensitive || name === 'authorization' || name === 'proxy-authorization'];
          });
          assert.deepEqual(decodeBlock(decoder, block), expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds in the table what came before', () => {
    const encoder = new HpackEncoder();
    const [section] = headerSections(7, 1, true);
    const sizes = Array.from({ length: 4 }, () => encodeBlock(encoder, { fields: section!.fields }).length);
    assert.ok(sizes[3]! < sizes[0]! / 2, `blocks of ${sizes.join(', ')} bytes`);
    assert.equal(sizes[3], sizes[2]);
  });

  it('remembers the blocks of sections that do not change, for as long as the table does not', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const fixed = FieldSection.of([
      [':status', '200'],
      ['x-fixed', 'value'],
      ['etag', '"abc"'],
    ]);
    const block = (): Buffer => {
      const output = new Output();
      encoder.encode(fixed, output);
      return Buffer.from(output.buffer.subarray(0, output.length));
    };
    const expected = fixed.entries();
    const blocks = [block(), block(), block(), block()];
    assert.deepEqual(blocks[3], blocks[2]);
    const inserted = encodeBlock(encoder, { fields: [['x-other', 'moves the table on', false]] });
    for (const each of [...blocks, inserted, block(), block()])
      if (each === inserted) decodeBlock(decoder, each);
      else
        assert.deepEqual(
          decodeBlock(decoder, each).map(([name, value]) => [name, value]),
          expected,
        );
    encoder.setLimit(0);
    decoder.setLimit(0);
    for (const each of [block(), block(), block()])
      assert.deepEqual(
        decodeBlock(decoder, each).map(([name, value]) => [name, value]),
        expected,
      );
  });

  it('counts what does not fit the list and leaves it out, and still keeps the tables alike', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const fields: TestField[] = Array.from({ length: 30 }, (_, at) => [`x-${at}`, 'v'.repeat(20), false]);
    const block = encodeBlock(encoder, { fields });
    assert.equal(decodeBlock(decoder, block, 500).length, 9);
    assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, { fields })), fields);
  });

  it('a bomb of references costs no more than its own bytes, and the connection where it is far too large', () => {
    const decoder = new HpackDecoder();
    decodeBlock(decoder, Buffer.concat([hex('400178 7fa11e'), Buffer.alloc(4_000, 'x')]));
    const section = new FieldSection();
    const bomb = (references: number): void => {
      section.begin(65_536);
      decoder.decode(Buffer.alloc(references, 0xbe), 0, references, section);
    };
    bomb(200);
    assert.ok(section.isOversized);
    assert.equal(section.size, 200 * 4_033);
    assert.equal(section.count, 16);
    assert.throws(() => bomb(16_384), { code: ENHANCE_YOUR_CALM });
    assert.equal(section.count, 16);
  });

  it('keeps to a bounded table whatever bytes come, and refuses the same blocks each time', () => {
    const random = generator(0x9e3779b9);
    let refused = 0;
    for (let run = 0; run < 20_000; run++) {
      const length = 1 + random(60);
      const block = Buffer.from(Array.from({ length }, () => random(256)));
      const outcome = (): string => {
        const decoder = new HpackDecoder(1_000);
        try {
          const fields = decodeBlock(decoder, block, 4_000);
          assert.ok(decoder.tableSize <= 1_000);
          return JSON.stringify(fields);
        } catch (error) {
          assert.ok(isCompressionError(error), String(error));
          return 'refused';
        }
      };
      const first = outcome();
      assert.equal(outcome(), first);
      if (first === 'refused') refused++;
    }
    assert.ok(refused > 1_000 && refused < 19_900, `${refused} refused`);
  });
});
