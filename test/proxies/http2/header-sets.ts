/** Header sections as browsers, tools and services send them, made from a seed: what encoders are tried on. */
import { generator } from '#test/random.ts';

export type TestField = readonly [name: string, value: string, isSensitive: boolean];

export interface TestSection {
  /** Before this section the decoder announced another SETTINGS_HEADER_TABLE_SIZE. */
  readonly tableSize?: number;
  readonly fields: readonly TestField[];
}

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'curl/8.5.0',
  'grpc-node-js/1.12.0',
  'h2load nghttp2/1.59.0',
];
const AUTHORITIES = ['example.com', 'api.example.com:8443', '127.0.0.1:8080', '[::1]:3000'];
const TYPES = ['application/json', 'text/html; charset=utf-8', 'application/grpc', 'image/webp', '*/*'];
const ENCODINGS = ['gzip, deflate', 'gzip, deflate, br, zstd', 'identity'];
const NAMES = [
  'x-request-id',
  'x-b3-traceid',
  'traceparent',
  'etag',
  'x-real-ip',
  'referer',
  'priority',
  'x-empty',
  'dnt',
];
const TEXT = 'abcdefghijklmnopqrstuvwxyz0123456789-_.~/?=&%+,;: "(){}[]<>@#$^*|!\\\'`ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `isAscii`: no value holds a byte above 0x7e. */
export function headerSections(seed: number, count: number, isAscii: boolean): TestSection[] {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const text = (most: number): string => {
    const length = random(most);
    let made = '';
    for (let at = 0; at < length; at++)
      made += !isAscii && random(40) === 0 ? String.fromCharCode(161 + random(95)) : TEXT[random(TEXT.length)];
    return made.trim();
  };
  const optional = (): TestField[] => {
    const kinds: (() => TestField)[] = [
      () => ['user-agent', pick(AGENTS), false],
      () => ['accept', pick(TYPES), false],
      () => ['accept-encoding', pick(ENCODINGS), false],
      () => ['cookie', `sid=${random(1_000_000)}${text(24)}`, random(2) === 0],
      () => ['authorization', `Bearer ${text(120)}`, true],
      () => ['content-type', pick(TYPES), false],
      () => ['content-length', String(random(1_000_000)), false],
      () => [pick(NAMES), text(40), false],
      () => ['x-secret', `s${random(1_000_000)}${text(40)}`, random(2) === 0],
      () => [`x-${random(30)}`, text(random(30) === 0 ? 3_000 : 12), false],
    ];
    return kinds.flatMap((make) => (random(3) === 0 ? [] : [make()]));
  };
  return Array.from({ length: count }, () => {
    const named = new Map(optional().map((field) => [field[0], field]));
    const fields: TestField[] = [
      [':method', pick(['GET', 'GET', 'POST', 'PUT', 'DELETE']), false],
      [
        ':path',
        pick(['/', '/index.html', `/v1/${random(50)}`, `/${text(60).replaceAll(/[ "<>\\^`{|}#]/g, '')}`]),
        false,
      ],
      [':scheme', pick(['http', 'https']), false],
      [':authority', pick(AUTHORITIES), false],
      ...named.values(),
    ];
    return random(12) === 0 ? { tableSize: pick([0, 60, 200, 1_000, 4_096]), fields } : { fields };
  });
}
