/** What is kept for exchanges that are under way, and let go once the filter is closed and the last of them is over. */
import type { FilterExchange } from './contract.ts';

export class OpenExchanges {
  #open = 0;
  #isClosed = false;
  readonly #onLast: () => void;

  constructor(onLast: () => void) {
    this.#onLast = onLast;
  }

  /** `onOver`: called when it is over, however it ended. */
  add(exchange: FilterExchange, onOver: () => void = () => {}): void {
    this.#open++;
    exchange.signal.addEventListener('abort', () => {
      onOver();
      this.#open--;
      this.#look();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#look();
  }

  #look(): void {
    if (this.#isClosed && this.#open === 0) this.#onLast();
  }
}
