/** The HTTP/1.1 wire: what an L7 hop does with a head that an L4 hop never looks at. */
import { ChunkedDecoder, DATA } from '#proxies/http/chunked.ts';
import { FieldBlock } from '#proxies/http/field-block.ts';
import { type Metadata, NO_VIA } from '#proxies/http/forwarding.ts';
import { GET, Head } from '#proxies/http/head.ts';
import { reissueRequest, reissueResponse } from '#proxies/http/reissue.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { scanResponseHead } from '#proxies/http/response-head.ts';
import { defaultLimits } from '#proxies/config/defaults.ts';
import { ANSWER_HEAD, LARGE_REQUEST, REQUEST } from './messages.ts';
import type { HotTask, MicroSuite } from './suite.ts';

const FOUR_FIELDS = Buffer.from(
  'GET /bytes/200 HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nuser-agent: hopcost\r\naccept: */*\r\naccept-encoding: identity\r\n\r\n',
  'latin1',
);
const CHUNKS = Buffer.from(`${`100\r\n${'x'.repeat(256)}\r\n`.repeat(16)}0\r\n\r\n`, 'latin1');

const METADATA: Metadata = {
  xForwardedFor: true,
  forwarded: false,
  via: NO_VIA,
  address: '127.0.0.1',
  secure: false,
  trusted: false,
  fields: new FieldBlock('X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n'),
  last: undefined,
};

const scanRequest = (octets: Buffer): ((times: number) => number) => {
  const head = new Head(defaultLimits.headerCount);
  return (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += scanRequestHead(head, octets, 0, octets.length, defaultLimits);
    return sum;
  };
};

const reissue = (octets: Buffer): ((times: number) => number) => {
  const head = new Head(defaultLimits.headerCount);
  if (scanRequestHead(head, octets, 0, octets.length, defaultLimits) !== octets.length)
    throw new Error('the sample request was refused');
  return (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += reissueRequest(head, METADATA).length;
    return sum;
  };
};

const responseHead = new Head(defaultLimits.headerCount);

const tasks: readonly HotTask[] = [
  { name: 'scan request head, 1 field', perRequest: 1, run: scanRequest(REQUEST) },
  { name: 'scan request head, 4 fields', perRequest: 0, run: scanRequest(FOUR_FIELDS) },
  { name: 'scan request head, 41 fields', perRequest: 0, batch: 100, run: scanRequest(LARGE_REQUEST) },
  { name: 'reissue request head, 1 field', perRequest: 1, run: reissue(REQUEST) },
  { name: 'reissue request head, 4 fields', perRequest: 0, run: reissue(FOUR_FIELDS) },
  { name: 'reissue request head, 41 fields', perRequest: 0, run: reissue(LARGE_REQUEST) },
  {
    name: 'scan response head',
    perRequest: 1,
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++)
        sum += scanResponseHead(responseHead, ANSWER_HEAD, 0, ANSWER_HEAD.length, defaultLimits, GET);
      return sum;
    },
  },
  {
    name: 'reissue response head',
    perRequest: 0, // where nothing of it ends at this hop, the octets go on as they are
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += reissueResponse(responseHead, '').length;
      return sum;
    },
  },
  {
    name: 'decode 4 KiB in 16 chunks',
    perRequest: 0,
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const decoder = new ChunkedDecoder(defaultLimits);
        let at = 0;
        while (decoder.decode(CHUNKS, at, CHUNKS.length) === DATA) {
          sum += decoder.dataEnd - decoder.dataStart;
          at = decoder.position;
        }
      }
      return sum;
    },
  },
];

export const suite: MicroSuite = { name: 'http', tasks };
