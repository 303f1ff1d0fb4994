/** A point at which several that run at once wait for each other; who will not come any more says so, and is waited for no longer. */
export interface Rendezvous {
  /** Resolves once everyone who is still expected is here. */
  readonly meet: () => Promise<void>;
  readonly leave: () => void;
}

export function rendezvous(parties: number): Rendezvous {
  const { promise, resolve } = Promise.withResolvers<void>();
  let expected = parties;
  let here = 0;
  const check = (): void => {
    if (here >= expected) resolve();
  };
  return {
    meet() {
      here += 1;
      check();
      return promise;
    },
    leave() {
      expected -= 1;
      // One that met and then left is past it, and must not stand for another.
      check();
    },
  };
}
