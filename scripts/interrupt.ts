/** The signals that end a program as one abort signal. The second one ends the process at once; exit hooks still clean up. */
import { EXIT } from './exit.ts';

/** Why the signal aborts. Where it ends a command that has nothing to show yet, exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

export function onInterrupt(names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): Interruption {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Interrupted(`interrupted by ${name}`));
  };
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
