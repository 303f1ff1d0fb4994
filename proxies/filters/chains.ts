/** Which filters a route has, compiled when an intent is loaded. */
import type { ProxyIntent, Route } from '../config/intent.ts';
import type { Filter, FilterDefinition, FilterService } from './contract.ts';
import { readSettings } from './read.ts';
import { FILTERS } from './registry.ts';

/** A filter by its name. */
export interface Link {
  readonly name: string;
  readonly filter: Filter;
}

/** In the order in which a request passes them; not empty. */
export type Chain = readonly Link[];

export class FilterChains {
  readonly #intent: ProxyIntent;
  readonly #service: FilterService;
  readonly #definitions: readonly FilterDefinition<unknown>[];
  /** What holds for every route, read once, so that its routes share one filter. */
  readonly #common: ReadonlyMap<string, unknown>;
  readonly #made = new Map<FilterDefinition<unknown>, Map<unknown, Filter>>();
  /** Exchanges that are under way. */
  #open = 0;
  #isClosing = false;

  /** Throws `IntentError`. */
  constructor(intent: ProxyIntent, service: FilterService, definitions = FILTERS) {
    this.#intent = intent;
    this.#service = service;
    this.#definitions = definitions;
    this.#common = readSettings(intent.filters, 'filters', definitions);
  }

  /**
   * Those of a route, or of requests that no route is for; undefined where there are none. `path` is the route's place in the intent.
   * Throws `IntentError`, or what a filter throws at its configuration.
   */
  of(route?: Route, path?: string): Chain | undefined {
    const own = readSettings(route?.filters, `${path}.filters`, this.#definitions);
    const chain = this.#definitions.flatMap((definition): Link[] => {
      const config = this.#configOf(definition, own, route);
      return config === undefined ? [] : [{ name: definition.name, filter: this.#make(definition, config) }];
    });
    return chain.length === 0 ? undefined : chain;
  }

  /** An exchange begins that meets them; `leave` follows once, when it is over. */
  enter(): void {
    this.#open++;
  }

  leave(): void {
    this.#open--;
    this.#look();
  }

  /** No exchange meets them any more: each is closed once those that do are over. */
  close(): void {
    this.#isClosing = true;
    this.#look();
  }

  #look(): void {
    if (!this.#isClosing || this.#open > 0) return;
    for (const filters of this.#made.values()) for (const filter of filters.values()) filter.close?.();
    this.#made.clear();
  }

  /** Undefined: off. */
  #configOf(definition: FilterDefinition<unknown>, own: ReadonlyMap<string, unknown>, route?: Route): unknown {
    const { name } = definition;
    if ('configuredBy' in definition) return definition.configuredBy(this.#intent, route);
    return own.has(name) ? own.get(name) : this.#common.get(name);
  }

  #make(definition: FilterDefinition<unknown>, config: unknown): Filter {
    let made = this.#made.get(definition);
    if (made === undefined) this.#made.set(definition, (made = new Map()));
    let filter = made.get(config);
    if (filter === undefined) made.set(config, (filter = definition.create(config, this.#service)));
    return filter;
  }
}
