/**
 * What a proxy tells whoever runs it: one line on stderr for each kind of event and ten seconds; what else happens meanwhile is counted
 * and told with the next line. So a flood of bad requests costs neither a disk nor a terminal.
 */
const QUIET_MILLIS = 10_000;

interface Kind {
  saidAt: number;
  unsaid: number;
}

/** One entry a kind: kinds come from tables in the code, never from a peer. */
const kinds = new Map<string, Kind>();
let guarded = false;

/** `detail` is built only where it is said. Control characters in it are escaped. Never throws. */
export function tell(kind: string, detail: () => string): void {
  const now = performance.now();
  const known = kinds.get(kind);
  if (known !== undefined && now - known.saidAt < QUIET_MILLIS) {
    known.unsaid++;
    return;
  }
  const more = known === undefined || known.unsaid === 0 ? '' : ` (and ${known.unsaid} more since the last such line)`;
  kinds.set(kind, { saidAt: now, unsaid: 0 });
  // Whoever read stderr may be gone, which must not end what it told of.
  if (!guarded) process.stderr.on('error', () => {});
  guarded = true;
  process.stderr.write(`hopcost: ${kind}: ${printable(detail().trimEnd())}${more}\n`);
}

/** An error in a callback of ours, with the place where it arose: a bug, which costs one connection. */
export function tellFault(error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  faults++;
  tell('internal_error', () => stack);
}

let faults = 0;

/** Errors in callbacks of this event loop since it began. */
export const faultCount = (): number => faults;

const printable = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
