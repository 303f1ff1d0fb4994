/** Field lines of requests: RFC 9112 §5, RFC 9110 §5, and their limits. */
import type { ConformanceCase } from '../contract.ts';
import { withLimits, withTimeouts } from '../setups.ts';
import { either, forwarded, refused, type ExpectedRequest, type Refused } from './tables.ts';

const head = (lines: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;

const refusals: readonly Refused[] = [
  { rule: 'space-before-colon', name: 'SP', send: head('X : b'), status: 400, quick: true },
  { rule: 'space-before-colon', name: 'HTAB', send: head('X\t: b'), status: 400 },
  { rule: 'space-before-colon', name: 'in a framing field', send: head('Content-Length : 0'), status: 400 },
  { rule: 'obs-fold', name: 'SP', send: head('X: b\r\n c'), status: 400, quick: true },
  { rule: 'obs-fold', name: 'HTAB', send: head('X: b\r\n\tc'), status: 400 },
  { rule: 'obs-fold', name: 'of a framing field', send: head('Transfer-Encoding:\r\n chunked'), status: 400 },
  { rule: 'field-value', name: 'NUL', send: head('X: a\0b'), status: 400, quick: true },
  { rule: 'field-value', name: 'CR', send: head('X: a\rb'), status: 400 },
  { rule: 'field-value', name: 'LF', send: head('X: a\nb'), status: 400 },
  { rule: 'field-value', name: 'another control', send: head('X: a\x01b'), status: 400 },
  { rule: 'field-value', name: 'DEL', send: head('X: a\x7fb'), status: 400 },
  { rule: 'field-name', name: 'empty', send: head(': b'), status: 400 },
  { rule: 'field-name', name: 'no colon', send: head('X'), status: 400 },
  { rule: 'field-name', name: 'with a space', send: head('X Y: b'), status: 400 },
  { rule: 'field-name', name: 'with an octet above 127', send: head('X\xff: b'), status: 400 },
  { rule: 'field-name', name: 'with a parenthesis', send: head('X(: b'), status: 400 },
  { rule: 'head-too-large', name: 'one long value', send: head(`X: ${'b'.repeat(300_000)}`), status: 431 },
  { rule: 'head-too-large', name: 'many fields', send: head('X: b\r\n'.repeat(2_000).trimEnd()), status: 431 },
  {
    rule: 'head-too-large',
    name: 'over a configured size',
    setup: withLimits({ headBytes: 200 }),
    send: head(`X: ${'b'.repeat(200)}`),
    status: 431,
  },
  {
    rule: 'head-too-large',
    name: 'over a configured number of fields',
    setup: withLimits({ headerCount: 40 }),
    send: head('X: b\r\n'.repeat(40).trimEnd()),
    status: 431,
  },
  {
    rule: 'slow-head',
    name: 'half a head',
    setup: withTimeouts({ requestHead: 150 }),
    send: 'GET / HTTP/1.1\r\nHost: a\r\n',
    status: 408,
    whole: true,
  },
  ...(
    [
      ['HEAD without Host', 'HEAD / HTTP/1.1\r\nX: a\r\n\r\n', 400],
      ['HEAD of another version', 'HEAD / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
      ['HEAD of an overlong target', `HEAD /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ] as const
  ).map(([name, send, status]): Refused => ({ rule: 'bodiless', name: `a refused ${name}`, send, status })),
  {
    rule: 'name-alias',
    name: 'Content_Length beside a Content-Length',
    send: head('Content-Length: 0\r\nContent_Length: 0'),
    status: 400,
  },
];

/** Refused, or dropped: both keep an origin that reads `_` as `-` from being told what the proxy did not read. */
const ALIASES = [
  ['transfer_encoding', 'chunked'],
  ['Transfer.Encoding', 'chunked'],
  ['CONTENT_LENGTH', '5'],
  ['Content.Length', '5'],
  ['X_Forwarded_For', '6.6.6.6'],
  ['x-forwarded_for', '6.6.6.6'],
  ['X.Forwarded.Proto', 'https'],
  ['x_forwarded_host', 'evil'],
] as const;

const PASSES: readonly { name: string; rule: 'field-value' | 'field-name'; lines: string; origin: ExpectedRequest }[] =
  [
    {
      rule: 'field-value',
      name: 'whitespace around it is no part of it',
      lines: 'X: \t b \t ',
      origin: { fields: { x: 'b' } },
    },
    { rule: 'field-value', name: 'empty', lines: 'X:', origin: { fields: { x: '' } } },
    {
      rule: 'field-value',
      name: 'octets above 127 and HTAB inside',
      lines: 'X: \xe4\t\xff',
      origin: { fields: { x: '\xe4\t\xff' } },
    },
    {
      rule: 'field-name',
      name: 'every token character',
      lines: "!#$%&'*+-^`|~9aZ: b",
      origin: { fields: { "!#$%&'*+-^`|~9az": 'b' } },
    },
    {
      rule: 'field-name',
      name: 'repeated fields keep their order',
      lines: 'X: 1\r\nY: 2\r\nX: 3',
      origin: { fields: { x: '1, 3', y: '2' } },
    },
  ];

export const fieldCases: readonly ConformanceCase[] = [
  ...refusals.map(refused),
  ...ALIASES.map(([name, value]): ConformanceCase => {
    const send = head(`${name}: ${value}`);
    const dropped = forwarded({ rule: 'name-alias', name, send, origin: { fields: { [name.toLowerCase()]: null } } });
    return either(refused({ rule: 'name-alias', name, send, status: 400 }), dropped);
  }),
  ...PASSES.map(({ rule, name, lines, origin }) => forwarded({ rule, name, send: head(lines), origin })),
];
