/** A reference before its origin, served once and at rest: what every trial of faults begins with, and must come back to. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import {
  CLIENT_KINDS,
  type ClientKind,
  intentFor,
  isServed,
  Origin,
  ORIGIN_MODES,
  type OriginMode,
  type Reference,
} from './references.ts';
import { Subject } from './subject.ts';

export const skip = process.platform !== 'linux' && 'descriptors are counted in /proc';
export const kinds = Object.keys(CLIENT_KINDS) as ClientKind[];
export const modes = Object.keys(ORIGIN_MODES) as OriginMode[];

export interface Stage extends AsyncDisposable {
  readonly subject: Subject;
  /** Everything is over, nothing of it is left, and it serves as if nothing had gone wrong. */
  recovered(what: string): Promise<void>;
}

/** `serves`: whether a whole exchange succeeds within some attempts. `plain`: on the runtime's sockets instead of its handles. */
export async function openStage(
  name: string,
  intent: Omit<ProxyIntent, 'timeouts'>,
  serves: (subject: Subject) => Promise<boolean>,
  plain = false,
): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const subject = stack.use(await Subject.start(name, { ...intent, accessLog: join(folder, 'log') }, plain));
  assert.ok(await serves(subject), 'it serves before anything went wrong');
  await subject.rest();
  const scope = stack.move();
  return {
    subject,
    async recovered(what) {
      await subject.settled();
      assert.ok(await serves(subject), `not served after ${what}`);
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

/** The same for what speaks over connections, with the origin of its own. */
export async function openReference(reference: Reference, plain = false): Promise<Stage & { readonly origin: Origin }> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(await new Origin(reference.secureOrigin).listen());
  const serves = ({ address }: Subject): Promise<boolean> => isServed(reference, address, origin);
  const stage = stack.use(await openStage(reference.name, intentFor(reference, origin.port), serves, plain));
  const scope = stack.move();
  return { ...stage, origin, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}
