/** How many retries a cluster bears: a share of what is under way, so that retries cannot multiply an overload (Envoy's retry budget). */
export interface BudgetShare {
  /** Of the requests under way that may be retries: 0.2 is a fifth. */
  readonly share: number;
  /** Retries at once that are always allowed, for a cluster with little to do. */
  readonly minimum: number;
}

export class RetryBudget {
  readonly #share: number;
  readonly #minimum: number;
  #underWay = 0;

  constructor({ share, minimum }: BudgetShare) {
    this.#share = share;
    this.#minimum = minimum;
  }

  /** Retries that are under way or about to be. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Takes a retry where `active` requests are under way in the cluster; false: there is none left. */
  take(active: number): boolean {
    if (this.#underWay >= Math.max(this.#minimum, this.#share * active)) return false;
    this.#underWay++;
    return true;
  }

  /** The request of a retry that was taken is over. */
  give(): void {
    this.#underWay--;
  }
}
