/** Tells the origin who a filter found the client to be, in a field that nobody else can write. */
import { FieldBlock, fieldLines } from '../http/field-block.ts';
import { TRAILER } from '../http/fields.ts';
import type { RequestHead } from '../http/head.ts';
import type { ContentSide, FilterExchange } from './contract.ts';
import { PassingContent } from './passing.ts';

/** As an origin may read a name that is careless about `_` and `.`. */
const plainName = (name: string): string => name.toLowerCase().replaceAll(/[_.]/g, '-');

/** Without the field, after the body: some origins take trailers for fields of the head. */
class GuardedTrailers extends PassingContent {
  readonly #name: string;

  constructor(next: ContentSide, name: string) {
    super(next);
    this.#name = name;
  }

  override sendEnd(trailers: FieldBlock): void {
    super.sendEnd(new FieldBlock(fieldLines(trailers.fields.filter(([name]) => plainName(name) !== this.#name))));
  }
}

/** What can be told: visible ASCII with single spaces, which every origin reads alike. */
const TELLABLE = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/;

const IDENTIFIED = new WeakSet<FilterExchange>();

/** Whether the origin was told who asks: its answer may be for nobody else. */
export const isIdentified = (exchange: FilterExchange): boolean => IDENTIFIED.has(exchange);

export class Identity {
  readonly #name: string;
  readonly #plain: string;

  /** `name`: a field name. */
  constructor(name: string) {
    this.#name = name;
    this.#plain = plainName(name);
  }

  /** In place of all that the client sent by this name or a like one. False: no field can say this, and nothing is told. */
  tell(head: RequestHead, identity: string, exchange: FilterExchange): boolean {
    this.clear(head);
    if (!TELLABLE.test(identity)) return false;
    head.set(this.#name, identity);
    IDENTIFIED.add(exchange);
    return true;
  }

  clear(head: RequestHead): void {
    const { offsets, count } = head;
    for (let index = 0; index < count; index++) {
      const length = offsets[index * 4 + 1]! - offsets[index * 4]!;
      if (length !== this.#plain.length) continue;
      const name = head.name(index);
      if (plainName(name) === this.#plain) head.remove(name);
    }
  }

  /** `Filter.requestBody` of who tells identities. */
  readonly guard = (side: ContentSide, head: RequestHead): ContentSide =>
    (head.seen & (1 << TRAILER)) === 0 ? side : new GuardedTrailers(side, this.#plain);
}
