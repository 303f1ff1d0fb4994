/** Rules for whoever carries a plain byte stream. */
import { randomBytes } from 'node:crypto';
import { preview, Wire } from '../wire.ts';
import { expect, type PreflightCase } from './case.ts';

const MESSAGES = 50;
const BULK = 1_048_576;

export const tcpCases: readonly PreflightCase[] = [
  {
    rule: 'messages come back one by one, byte for byte',
    origin: 'tcp-echo',
    layers: ['direct', 'l4'],
    async run({ target }, signal) {
      await using wire = await Wire.open(target, signal);
      let sent = Buffer.alloc(0);
      for (let i = 0; i < MESSAGES; i++) {
        const message = randomBytes(64);
        sent = Buffer.concat([sent, message]);
        wire.write(message);
        const received = await wire.until((bytes) => bytes.length >= sent.length);
        expect(received.equals(sent), () => `message ${i + 1} came back as ${preview(received.subarray(-64))}`);
      }
      return `${MESSAGES} messages of 64 bytes`;
    },
  },
  {
    rule: 'after our FIN the other direction still flows to its end (half-close)',
    origin: 'tcp-echo',
    layers: ['direct', 'l4'],
    async run({ target }, signal) {
      await using wire = await Wire.open(target, signal);
      const sent = randomBytes(BULK);
      wire.write(sent);
      wire.end();
      const received = await wire.untilEnd();
      expect(received.equals(sent), () => `expected ${BULK} bytes and FIN, got ${received.length} bytes`);
      return `${BULK} bytes and FIN`;
    },
  },
  {
    rule: 'a bulk transfer reaches the origin whole',
    origin: 'tcp-sink',
    layers: ['direct', 'l4'],
    async run({ target }, signal) {
      await using wire = await Wire.open(target, signal);
      wire.write(randomBytes(BULK));
      wire.end();
      const received = await wire.untilEnd();
      const count = received.length === 8 ? Number(received.readBigUInt64BE()) : undefined;
      expect(count === BULK, () => `expected the origin to count ${BULK} bytes, it says ${count ?? preview(received)}`);
      return `${BULK} bytes counted`;
    },
  },
];
