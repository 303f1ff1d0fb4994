/** Heads of HTTP/1.1 as HTTP/2 writes them: whatever the scanner lets through is one well-formed message, with the fields that it had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldBlock } from '#proxies/http/field-block.ts';
import { NO_VIA, removeFields, type Metadata } from '#proxies/http/forwarding.ts';
import { CONNECT, Head } from '#proxies/http/head.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { FieldSection } from '#proxies/http2/field-section.ts';
import { MessageHead } from '#proxies/http2/message.ts';
import { requestSection } from '#proxies/http2/reissue.ts';
import { generator } from '#test/random.ts';
import { splice } from '../fuzz/inputs.ts';

const RULES = { headBytes: 4_096, targetBytes: 1_024, bodyBytes: 100_000 };
const METADATA: Metadata = {
  xForwardedFor: true,
  forwarded: true,
  via: NO_VIA,
  address: '192.0.2.1',
  secure: false,
  trusted: false,
  fields: new FieldBlock('X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n'),
  last: undefined,
};
const latin1 = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, 'latin1'));
const SEEDS = latin1([
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /p/%7e?q=1 HTTP/1.1\r\nHost: a.example:80\r\nConnection: keep-alive, x-y\r\nX-Y: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'PUT http://b/c HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nTE: trailers, gzip\r\nExpect: 100-continue\r\n\r\n',
]);
const PIECES = latin1([
  '\r\n',
  '\n',
  ': ',
  ' ',
  '\t',
  ':path: /x\r\n',
  ':authority: evil\r\n',
  'host: c\r\n',
  'Host : d\r\n',
  'te: gzip\r\n',
  'Upgrade: h2c\r\n',
  'HTTP2-Settings: AAAA\r\n',
  'Content-Length: 3\r\n',
  'content_length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Keep-Alive: 5\r\n',
  'Proxy-Connection: close\r\n',
  'Connection: host, content-length\r\n',
  'Cookie: a=b\r\n',
  'X: \x80\xff\r\n',
  '\0',
  '%00',
  '#',
  '\\',
]);

test('what HTTP/1.1 lets through is well-formed, says one thing once, and hides nothing of one connection', () => {
  const below = generator(2_026);
  const head = new Head(24);
  const section = new FieldSection();
  const message = new MessageHead();
  let passed = 0;
  for (let round = 0; round < 40_000; round++) {
    const bytes = splice(SEEDS[round % SEEDS.length]!, PIECES, below);
    const result = scanRequestHead(head, bytes, 0, bytes.length, RULES);
    if (result <= 0 || head.method === CONNECT || head.authorityEnd === head.authorityStart) continue;
    passed++;
    head.edits = head.relative = head.host = head.upgradeTo = undefined;
    removeFields(head, METADATA);
    // The router writes the target's path where it came in absolute form.
    if (head.form === 'absolute') head.relative = '/c';
    requestSection(section, head, METADATA, 'http');
    const why = `${JSON.stringify(bytes.toString('latin1'))} → ${JSON.stringify(section.entries())}`;
    message.section.begin();
    for (const [name, value] of section.entries()) message.section.add(name, value);
    assert.equal(message.readRequest(), undefined, why);
    assert.equal(message.authority, head.text(head.authorityStart, head.authorityEnd), why);
    assert.equal(section.entries().filter(([name]) => name === 'host' || name === 'transfer-encoding').length, 0, why);
  }
  assert.ok(passed > 1_000, `${passed} passed`);
});
