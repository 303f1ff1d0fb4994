/** How far a connection reads ahead, on a wire that tells whether it is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientConnection } from '#proxies/l7/client-connection.ts';
import { Service } from '#proxies/l7/service.ts';
import type { Wire, WireHandler } from '#proxies/net/wire.ts';
import { Origin } from './lab.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

class ScriptedWire implements Wire {
  handler: WireHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
  reading = false;
  written = '';
  pending = 0;
  open = true;
  remoteAddress = '127.0.0.1';
  remotePort = 1;
  localAddress = '127.0.0.1';
  localPort = 2;
  onWrite: () => void = () => {};

  write(chunk: Buffer): boolean {
    return this.writeLatin1(chunk.toString('latin1'));
  }
  writeLatin1(text: string): boolean {
    this.written += text;
    this.onWrite();
    return true;
  }
  end(): boolean {
    return true;
  }
  reset(): void {}
  destroy(): void {
    this.open = false;
    this.handler.onClose(undefined);
  }
  pause(): void {
    this.reading = false;
  }
  resume(): void {
    this.reading = true;
  }
}

test('reads on until as many requests wait as may, and again when fewer do', async () => {
  let answer: () => void = () => {};
  await using origin = await new Origin((connection) => {
    answer = () => connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  }).listen();
  const service = new Service({
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: origin.port }] }],
    defaultCluster: 'o',
    limits: { pipelined: 2 },
  });
  const wire = new ScriptedWire();
  new ClientConnection(wire, wire.remoteAddress, {
    service,
    draining: false,
    secure: false,
    closed() {},
    prefaced() {},
  });
  wire.handler.onData(Buffer.from(get)); // under way
  assert.equal(wire.reading, true);
  wire.handler.onData(Buffer.from(get.slice(0, 9)));
  wire.handler.onData(Buffer.from(get.slice(9)));
  assert.equal(wire.reading, true, 'one waits');
  wire.handler.onData(Buffer.from(get));
  assert.equal(wire.reading, false, 'two wait');

  const connection = await origin.connection(0);
  await connection.sees(get.slice(0, 16));
  const answered = new Promise<void>((resolve) => (wire.onWrite = resolve));
  answer();
  await answered;
  await connection.until(() => connection.text.split('GET ').length === 3);
  assert.equal(wire.reading, true, 'one waits again');
  wire.destroy();
  service.close();
});
