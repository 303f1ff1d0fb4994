/** The streams of a connection by their identifiers, and what became of those that are gone (RFC 9113 §5.1, §5.1.1). */
import { Http2Stream } from './stream.ts';

/** Streams that we reset and whose frames may still be under way: so many are remembered. */
const MOST_RESET = 512;
const LAST_ID = 2 ** 31 - 1;

/** What an identifier that is not open means. */
export type Absence =
  /** Not used yet. */
  | 'idle'
  /** Passed over: the peer has used a higher one. */
  | 'skipped'
  /** Ended by both sides, or reset by the peer: nothing more may come. */
  | 'closed'
  /** Reset or refused by us: what comes is read and dropped. */
  | 'reset';

export class StreamTable<Owner> {
  readonly open = new Map<number, Http2Stream<Owner>>();
  /** The highest identifier that the peer has used; 0: none. */
  lastPeerId = 0;
  /** The one that we use next; odd ones are a client's. */
  nextId: number;
  /** What the peer opens beyond this identifier is neither served nor refused: a GOAWAY told it so. */
  lastServed = LAST_ID;
  readonly #peerParity: number;
  readonly #pool: Http2Stream<Owner>[] = [];
  readonly #resets = new Set<number>();
  /** Identifiers that the peer passed over last, both included. */
  #skippedFrom = 0;
  #skippedTo = 0;

  constructor(role: 'client' | 'server') {
    this.nextId = role === 'client' ? 1 : 2;
    this.#peerParity = role === 'client' ? 0 : 1;
  }

  isPeers(id: number): boolean {
    return (id & 1) === this.#peerParity;
  }

  get hasIdsLeft(): boolean {
    return this.nextId <= LAST_ID;
  }

  /** Notes that the peer has used an idle identifier of its own. */
  use(id: number): void {
    const expected = this.lastPeerId === 0 ? 1 : this.lastPeerId + 2;
    if (id > expected) {
      this.#skippedFrom = expected;
      this.#skippedTo = id - 2;
    }
    this.lastPeerId = id;
  }

  add(id: number, sendWindow: number, receiveWindow: number): Http2Stream<Owner> {
    const stream = this.#pool.pop() ?? new Http2Stream<Owner>();
    stream.begin(id, sendWindow, receiveWindow);
    this.open.set(id, stream);
    return stream;
  }

  /** Of a stream that is not open any more: the object is free for another. */
  release(stream: Http2Stream<Owner>): void {
    stream.id = 0;
    stream.isQueued = stream.isBlocked = false;
    stream.owner = undefined;
    this.#pool.push(stream);
  }

  noteReset(id: number): void {
    if (this.#resets.size >= MOST_RESET) for (const oldest of this.#resets.keys()) return this.#replace(oldest, id);
    this.#resets.add(id);
  }

  #replace(oldest: number, id: number): void {
    this.#resets.delete(oldest);
    this.#resets.add(id);
  }

  absence(id: number): Absence {
    if (!this.isPeers(id)) return id >= this.nextId ? 'idle' : this.#resets.has(id) ? 'reset' : 'closed';
    if (id > this.lastServed) return 'reset';
    if (id > this.lastPeerId) return 'idle';
    if (this.#resets.has(id)) return 'reset';
    return id >= this.#skippedFrom && id <= this.#skippedTo ? 'skipped' : 'closed';
  }
}
