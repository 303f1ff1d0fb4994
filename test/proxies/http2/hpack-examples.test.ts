/** Every example of RFC 7541 Appendix C, block by block: fields and the size of the table after each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from '#proxies/http2/hpack-decoder.ts';
import { IntegerReader, writeInteger } from '#proxies/http2/hpack-integer.ts';
import { decodeBlock } from './hpack-streams.ts';

interface Step {
  readonly block: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly table: number;
}

const request1 = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
] as const;
const request2 = [...request1, ['cache-control', 'no-cache']] as const;
const request3 = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
] as const;
const response = (status: string, date: string) =>
  [
    [':status', status],
    ['cache-control', 'private'],
    ['date', date],
    ['location', 'https://www.example.com'],
  ] as const;
const early = 'Mon, 21 Oct 2013 20:13:21 GMT';
const late = 'Mon, 21 Oct 2013 20:13:22 GMT';
const reordered = [
  [':status', '307'],
  ['cache-control', 'private'],
  ['date', early],
  ['location', 'https://www.example.com'],
] as const;
const compressed = [
  [':status', '200'],
  ['cache-control', 'private'],
  ['date', late],
  ['location', 'https://www.example.com'],
  ['content-encoding', 'gzip'],
  ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
] as const;

const EXAMPLES: readonly { name: string; tableSize?: number; steps: readonly Step[] }[] = [
  {
    name: 'C.2.1 literal with indexing',
    steps: [
      {
        block: '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
        fields: [['custom-key', 'custom-header']],
        table: 55,
      },
    ],
  },
  {
    name: 'C.2.2 literal without indexing',
    steps: [{ block: '040c2f73616d706c652f70617468', fields: [[':path', '/sample/path']], table: 0 }],
  },
  {
    name: 'C.2.3 never indexed',
    steps: [{ block: '100870617373776f726406736563726574', fields: [['password', 'secret']], table: 0 }],
  },
  { name: 'C.2.4 indexed', steps: [{ block: '82', fields: [[':method', 'GET']], table: 0 }] },
  {
    name: 'C.3 requests without Huffman coding',
    steps: [
      { block: '828684410f7777772e6578616d706c652e636f6d', fields: request1, table: 57 },
      { block: '828684be58086e6f2d6361636865', fields: request2, table: 110 },
      {
        block: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        fields: request3,
        table: 164,
      },
    ],
  },
  {
    name: 'C.4 requests with Huffman coding',
    steps: [
      { block: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: request1, table: 57 },
      { block: '828684be5886a8eb10649cbf', fields: request2, table: 110 },
      { block: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', fields: request3, table: 164 },
    ],
  },
  {
    name: 'C.5 responses without Huffman coding, with eviction',
    tableSize: 256,
    steps: [
      {
        block:
          '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        fields: response('302', early),
        table: 222,
      },
      { block: '4803333037c1c0bf', fields: reordered, table: 222 },
      {
        block:
          '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153' +
          '444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        fields: compressed,
        table: 215,
      },
    ],
  },
  {
    name: 'C.6 responses with Huffman coding, with eviction',
    tableSize: 256,
    steps: [
      {
        block:
          '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        fields: response('302', early),
        table: 222,
      },
      { block: '4883640effc1c0bf', fields: reordered, table: 222 },
      {
        block:
          '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960' +
          'd5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        fields: compressed,
        table: 215,
      },
    ],
  },
];

describe('RFC 7541 Appendix C', () => {
  for (const [value, mask, bytes] of [
    [10, 31, [10]],
    [1_337, 31, [31, 154, 10]],
    [42, 255, [42]],
  ] as const) {
    it(`C.1 the integer ${value} behind a prefix of ${Math.log2(mask + 1)} bits`, () => {
      const target = Buffer.alloc(6);
      const end = writeInteger(target, 0, 0, mask, value);
      assert.deepEqual([...target.subarray(0, end)], bytes);
      const reader = new IntegerReader();
      assert.equal(reader.read(target, 0, end, mask), value);
      assert.equal(reader.position, end);
    });
  }
  for (const { name, tableSize, steps } of EXAMPLES) {
    it(name, () => {
      const decoder = new HpackDecoder(tableSize);
      for (const { block, fields, table } of steps) {
        const decoded = decodeBlock(decoder, Buffer.from(block, 'hex'));
        assert.deepEqual(
          decoded.map(([field, value]) => [field, value]),
          fields,
        );
        assert.equal(decoder.tableSize, table);
      }
    });
  }
  it('C.2.3 is told as never indexed', () => {
    const [field] = decodeBlock(new HpackDecoder(), Buffer.from('100870617373776f726406736563726574', 'hex'));
    assert.deepEqual(field, ['password', 'secret', true]);
  });
});
