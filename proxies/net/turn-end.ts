/** Work for the end of this turn of the event loop: what was gathered while its events were served goes out in one write. */
import { tellFault } from '../platform/notices.ts';

export interface TurnEnd {
  onTurnEnd(): void;
}

let waiting: TurnEnd[] = [];
let spare: TurnEnd[] = [];

/** Calls `onTurnEnd` once all events that are there have been served. The caller sees to it that it waits once. */
export function atTurnEnd(owner: TurnEnd): void {
  if (waiting.length === 0) setImmediate(run);
  waiting.push(owner);
}

function run(): void {
  const due = waiting;
  waiting = spare;
  for (const owner of due) {
    try {
      owner.onTurnEnd();
    } catch (error) {
      tellFault(error); // the others are still to be served
    }
  }
  due.length = 0;
  spare = due;
}
