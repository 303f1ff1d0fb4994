/** What other encoders write decodes exactly; what ours writes other decoders read exactly. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { HpackDecoder } from '#proxies/http2/hpack-decoder.ts';
import { HpackEncoder } from '#proxies/http2/hpack-encoder.ts';
import { headerSections, type TestField, type TestSection } from './header-sets.ts';
import { decodeBlock, encodeBlock } from './hpack-streams.ts';
import { hpackPeers } from './peers/hpack-peers.ts';

/** Blocks for each peer, in series of one connection each. */
const SERIES = 20;
const SECTIONS = 250;

interface Recorded {
  readonly encoder: string;
  readonly sections: readonly TestSection[];
  /** Base64. */
  readonly blocks: readonly string[];
}

const recorded = JSON.parse(readFileSync(new URL('hpack-recorded.json', import.meta.url), 'utf8')) as Recorded[];

function checkDecoded(sections: readonly TestSection[], blocks: readonly Buffer[]): void {
  assert.equal(blocks.length, sections.length);
  const decoder = new HpackDecoder();
  for (const [index, { tableSize, fields }] of sections.entries()) {
    if (tableSize !== undefined) decoder.setLimit(tableSize);
    assert.deepEqual(decodeBlock(decoder, blocks[index]!).map(asSent(fields)), fields);
  }
}

/** An encoder may keep more fields out of tables than it was asked to (short cookies, authorization), never fewer. */
const asSent =
  (sent: readonly TestField[]) =>
  ([name, value, isSensitive]: TestField, at: number): TestField => [name, value, isSensitive && sent[at]![2]];

describe('blocks that other encoders wrote once', () => {
  for (const { encoder, sections, blocks } of recorded) {
    it(`${encoder}: ${blocks.length}`, () =>
      checkDecoded(
        sections,
        blocks.map((block) => Buffer.from(block, 'base64')),
      ));
  }
});

describe('other encoders and decoders', () => {
  for (const peer of hpackPeers()) {
    const isStock = peer.decode === undefined;
    const sectionsOf = (series: number): TestSection[] => {
      const sections = headerSections(1_000 + series, SECTIONS, isStock);
      return isStock ? sections.map(({ fields }) => ({ fields })) : sections;
    };
    it(`${peer.name} encodes, we decode: ${SERIES * SECTIONS} blocks`, { skip: peer.missing }, async () => {
      for (let series = 0; series < SERIES; series++) {
        const sections = sectionsOf(series);
        checkDecoded(sections, await peer.encode(sections));
      }
    });
    const skip = isStock ? 'it has no decoder of its own' : peer.missing;
    it(`we encode, ${peer.name} decodes: ${SERIES * SECTIONS} blocks`, { skip }, () => {
      for (let series = 0; series < SERIES; series++) {
        const sections = sectionsOf(series).map(({ fields }) => ({ fields }));
        const encoder = new HpackEncoder();
        const blocks = sections.map((section) => encodeBlock(encoder, section));
        for (const [at, fields] of peer.decode!(blocks).entries()) {
          const expected = sections[at]!.fields;
          assert.deepEqual(fields.map(asSent(expected)), expected);
        }
      }
    });
  }
});
