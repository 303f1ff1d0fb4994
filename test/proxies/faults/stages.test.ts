/** Refusals, resets and ends at each stage of each reference: its process lives, and its descriptors and timers come back. */
import { test } from 'node:test';
import { act, bare, label, REFERENCES, requestTo } from './references.ts';
import { kinds, modes, openReference, skip } from './stage.ts';

for (const reference of REFERENCES) {
  test(`${label(reference)}: every end of a client meets every end of an origin`, { skip }, async () => {
    await using stage = await openReference(reference);
    const { origin, subject } = stage;
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
    await stage.recovered('an origin that was away');
  });
}
