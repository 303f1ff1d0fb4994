/** Request lines, targets and Host: RFC 9112 §2–§3, and the one canonical path. */
import type { ConformanceCase } from '../contract.ts';
import { http, withLimits } from '../setups.ts';
import { ANY_REFUSAL, forwarded, refused, type Forwarded, type Refused } from './tables.ts';

const END = 'Host: a\r\n\r\n';
const line = (text: string): string => `${text}\r\n${END}`;
const get = (target: string): string => line(`GET ${target} HTTP/1.1`);

const refusals: readonly Refused[] = [
  { rule: 'bare-cr', name: 'in the request line', send: `GET /\r HTTP/1.1\r\n${END}`, status: 400 },
  {
    rule: 'bare-cr',
    name: 'ending a field line',
    send: 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n',
    status: 400,
    quick: true,
  },
  { rule: 'bare-cr', name: 'ending the head', send: 'GET / HTTP/1.1\r\nHost: a\r\n\r\r\n', status: 400 },
  { rule: 'bare-lf', name: 'ending the request line', send: `GET / HTTP/1.1\n${END}`, status: 400 },
  {
    rule: 'bare-lf',
    name: 'ending a field line',
    send: 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
    status: 400,
    quick: true,
  },
  { rule: 'bare-lf', name: 'ending the head', send: 'GET / HTTP/1.1\r\nHost: a\r\n\n', status: 400 },
  { rule: 'leading-space', name: 'SP', send: `GET / HTTP/1.1\r\n ${END}`, status: 400, quick: true },
  { rule: 'leading-space', name: 'HTAB', send: `GET / HTTP/1.1\r\n\t${END}`, status: 400 },
  { rule: 'leading-space', name: 'a folded first line', send: `GET / HTTP/1.1\r\n X: b\r\n${END}`, status: 400 },
  { rule: 'version-syntax', name: 'lower case', send: line('GET / http/1.1'), status: 400 },
  { rule: 'version-syntax', name: 'two digits', send: line('GET / HTTP/1.10'), status: 400 },
  { rule: 'version-syntax', name: 'leading zero', send: line('GET / HTTP/01.1'), status: 400 },
  { rule: 'version-syntax', name: 'no minor', send: line('GET / HTTP/1'), status: 400 },
  { rule: 'version-syntax', name: 'a letter', send: line('GET / HTTP/1.x'), status: 400 },
  { rule: 'version-syntax', name: 'another protocol', send: line('GET / HTTX/1.1'), status: 400 },
  { rule: 'version-syntax', name: 'trailing space', send: line('GET / HTTP/1.1 '), status: 400 },
  { rule: 'version-unknown', name: '2.0', send: line('GET / HTTP/2.0'), status: 505, quick: true },
  { rule: 'version-unknown', name: '1.2', send: line('GET / HTTP/1.2'), status: 505 },
  { rule: 'version-unknown', name: '0.9', send: line('GET / HTTP/0.9'), status: 505 },
  { rule: 'version-unknown', name: '3.1', send: line('GET / HTTP/3.1'), status: 505 },
  { rule: 'request-line', name: 'no version', send: line('GET /'), status: 400 },
  { rule: 'request-line', name: 'two spaces', send: line('GET  / HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'HTAB between', send: line('GET\t/ HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'leading space', send: line(' GET / HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'space in the target', send: line('GET /a b HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'NUL in the target', send: line('GET /a\0b HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'an octet above 127 in the target', send: line('GET /\xff HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'method with a colon', send: line('GE:T / HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'method with a slash', send: line('G/T / HTTP/1.1'), status: 400 },
  { rule: 'request-line', name: 'a target without slash', send: get('a'), status: 400 },
  { rule: 'request-line', name: 'another scheme', send: get('ftp://a/'), status: 400 },
  { rule: 'host-missing', name: 'in HTTP/1.1', send: 'GET / HTTP/1.1\r\nX: a\r\n\r\n', status: 400, quick: true },
  {
    rule: 'host-missing',
    name: 'with an absolute-form target',
    send: 'GET http://a/ HTTP/1.1\r\nX: a\r\n\r\n',
    status: 400,
  },
  { rule: 'host-repeated', name: 'two values', send: `GET / HTTP/1.1\r\nHost: b\r\n${END}`, status: 400, quick: true },
  { rule: 'host-repeated', name: 'the same value', send: `GET / HTTP/1.1\r\nhost: a\r\n${END}`, status: 400 },
  ...(
    [
      ['userinfo', 'u@a'],
      ['userinfo with a port', 'u:p@a:80'],
      ['path', 'a/b'],
      ['comma', 'a,b'],
      ['space', 'a b'],
      ['query', 'a?b'],
      ['fragment', 'a#b'],
      ['backslash', 'a\\b'],
      ['no digits in the port', 'a:x'],
      ['port out of range', 'a:65536'],
      ['two ports', 'a:1:2'],
      ['open bracket', '[::1'],
      ['NUL', 'a\0b'],
    ] as const
  ).map(([name, host]): Refused => ({
    rule: 'host-invalid',
    name,
    send: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    status: 400,
    ...(name === 'comma' && { quick: true }),
  })),
  {
    rule: 'host-invalid',
    name: 'empty, with an authority',
    send: 'GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n',
    status: 400,
  },
  { rule: 'host-invalid', name: 'userinfo in an absolute-form target', send: get('http://u@a/'), status: 400 },
  { rule: 'host-invalid', name: 'empty authority of an absolute-form target', send: get('http:///a'), status: 400 },
  { rule: 'authority-form', name: 'GET', send: get('a:80'), status: 400 },
  { rule: 'authority-form', name: 'OPTIONS', send: line('OPTIONS a:80 HTTP/1.1'), status: 400 },
  { rule: 'authority-form', name: 'CONNECT with a path', send: line('CONNECT /a HTTP/1.1'), status: ANY_REFUSAL },
  { rule: 'authority-form', name: 'CONNECT without port', send: line('CONNECT a HTTP/1.1'), status: ANY_REFUSAL },
  { rule: 'asterisk-form', name: 'GET', send: get('*'), status: 400 },
  { rule: 'asterisk-form', name: 'POST', send: line('POST * HTTP/1.1'), status: 400 },
  { rule: 'asterisk-form', name: 'longer', send: line('OPTIONS *a HTTP/1.1'), status: 400 },
  {
    rule: 'target-too-long',
    name: '70,000 octets',
    send: get(`/${'a'.repeat(70_000)}`),
    status: 414,
  },
  {
    rule: 'target-too-long',
    name: 'one over a configured limit',
    setup: withLimits({ targetBytes: 100 }),
    send: get(`/${'a'.repeat(100)}`),
    status: 414,
  },
  ...(
    [
      ['%5c', '/a%5cb'],
      ['%00', '/a%00b'],
      ['backslash', '/a\\b'],
      [';/..', '/a;/../b'],
      ['/..;/', '/a/..;x/b'],
      ['..%2f', '/a/..%2fb'],
      ['%2f..', '/a%2f../b'],
      ['//..', '/a//../b'],
      ['/;/', '/;x/a'],
      ['fragment', '/a#b'],
      ['above the root', '/../a'],
      ['encoded dots above the root', '/%2e%2e/a'],
      ['half an escape', '/a%2'],
      ['no hexadecimal escape', '/a%zz'],
    ] as const
  ).map(([name, target]): Refused => ({
    rule: 'peculiar-path',
    name,
    send: get(target),
    status: 400,
    ...(name === '%5c' && { quick: true }),
  })),
];

const passes: readonly Forwarded[] = [
  {
    rule: 'target-8000',
    name: '8,000 octets',
    send: get(`/${'a'.repeat(7_999)}`),
    origin: { target: `/${'a'.repeat(7_999)}` },
  },
  {
    rule: 'request-line',
    name: 'one empty line before it is ignored',
    send: `\r\n${get('/a')}`,
    origin: { method: 'GET', target: '/a' },
  },
  {
    rule: 'request-line',
    name: 'a method of its own kind',
    send: line('PURGE! /a HTTP/1.1'),
    origin: { method: 'PURGE!', target: '/a' },
  },
  {
    rule: 'absolute-form',
    name: 'wins over Host',
    send: 'GET http://b.example/p?q HTTP/1.1\r\nHost: a\r\n\r\n',
    origin: { target: '/p?q', fields: { host: 'b.example' } },
    quick: true,
  },
  {
    rule: 'absolute-form',
    name: 'without path',
    send: get('http://b?q'),
    origin: { target: '/?q', fields: { host: 'b' } },
  },
  {
    rule: 'absolute-form',
    name: 'with a port',
    send: get('HTTP://b:81/p'),
    origin: { target: '/p', fields: { host: 'b:81' } },
  },
  {
    rule: 'asterisk-form',
    name: 'OPTIONS',
    send: line('OPTIONS * HTTP/1.1'),
    origin: { method: 'OPTIONS', target: '*' },
  },
  {
    rule: 'asterisk-form',
    name: 'OPTIONS of an absolute-form target without path',
    send: line('OPTIONS http://b HTTP/1.1'),
    origin: { method: 'OPTIONS', target: '*', fields: { host: 'b' } },
  },
  ...(
    [
      ['dot segments', '/a/./b/../c'],
      ['encoded dot segments', '/a/%2e%2E/c'],
      ['encoded unreserved', '/%61%7Eb'],
      ['lower-case escape', '/a%20b%e4'],
      ['a dot segment at the end', '/a/b/..'],
      ['repeated slashes', '//a///b//'],
      ['the query is left alone', '/a?b=%2f/../%61'],
    ] as const
  ).map(([name, target]): Forwarded => ({ rule: 'canonical-path', name, send: get(target), origin: { target } })),
  {
    rule: 'canonical-path',
    name: 'of an absolute form',
    send: get('http://b/a/../%61?%61'),
    origin: { target: '/a/../%61?%61' },
  },
  ...(
    [
      ['%2f', '/api/v4/projects/group%2fproject'],
      ['%2F', '/api/queues/%2F/name'],
    ] as const
  ).map(([name, target]): Forwarded => ({
    rule: 'escaped-slash',
    name,
    send: get(target),
    origin: { target },
    ...(name === '%2f' && { quick: true }),
  })),
];

const refusingSlashes = http('escaped slashes refused', (base) => ({ ...base, escapedSlashes: 'refuse' }));

export const requestLineCases: readonly ConformanceCase[] = [
  ...refusals.map(refused),
  ...passes.map(forwarded),
  refused({
    rule: 'escaped-slash',
    name: 'refused where that is configured',
    setup: refusingSlashes,
    send: get('/a%2Fb'),
    status: 400,
  }),
  forwarded({
    rule: 'escaped-slash',
    name: 'one in a query is none',
    setup: refusingSlashes,
    send: get('/a?b=%2F'),
    origin: { target: '/a?b=%2F' },
  }),
];
