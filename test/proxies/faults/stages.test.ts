/** Refusals, resets and ends at each stage of each reference: its process lives, and its descriptors come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  act,
  bare,
  CLIENT_KINDS,
  type ClientKind,
  intentFor,
  isServed,
  label,
  Origin,
  ORIGIN_MODES,
  type OriginMode,
  REFERENCES,
  requestTo,
} from './references.ts';
import { Subject } from './subject.ts';

const skip = process.platform !== 'linux' && 'descriptors are counted in /proc';
const kinds = Object.keys(CLIENT_KINDS) as ClientKind[];
const modes = Object.keys(ORIGIN_MODES) as OriginMode[];

for (const reference of REFERENCES) {
  test(`${label(reference)}: every end of a client meets every end of an origin`, { skip }, async () => {
    await using origin = await new Origin(reference.secureOrigin).listen();
    await using subject = await Subject.start(reference.name, intentFor(reference, origin.port));
    assert.ok(await isServed(reference, subject.address, origin));
    await subject.rest();
    const everyClient = (): Promise<unknown> => {
      const request = requestTo(reference, origin);
      const secured = kinds.map((kind) => act(subject.address, reference, kind, request));
      const others =
        reference.secure || reference.announced ? kinds.map((kind) => act(subject.address, bare, kind, request)) : [];
      return Promise.all([...secured, ...others]);
    };
    for (const mode of modes) {
      origin.mode = () => mode;
      await everyClient();
      await subject.settled();
    }
    origin.mode = () => 'answers';
    await origin.refuse();
    await everyClient();
    await subject.settled();
    await origin.listen();
    assert.ok(await isServed(reference, subject.address, origin));
    await subject.settled();
  });
}
