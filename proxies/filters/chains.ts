/** Which filters a route has, compiled when an intent is loaded. */
import { IntentError } from '../config/intent-error.ts';
import type { ProxyIntent, Route } from '../config/intent.ts';
import type { ConfiguredFilter, Filter, FilterDefinition, FilterService } from './contract.ts';
import { FILTER_NAMES, IMPLIED } from './registry.ts';

/** A filter by its name. */
export interface Link {
  readonly name: string;
  readonly filter: Filter;
}

/** In the order in which a request passes them; not empty. */
export type Chain = readonly Link[];

type Settings = Readonly<Record<string, unknown>>;

export class FilterChains {
  readonly #intent: ProxyIntent;
  readonly #service: FilterService;
  readonly #definitions: readonly FilterDefinition<unknown>[];
  /** What holds for every route, read once, so that its routes share one filter. */
  readonly #common: ReadonlyMap<string, unknown>;
  readonly #made = new Map<FilterDefinition<unknown>, Map<unknown, Filter>>();

  /** `definitions`: those that the intent asks for. Throws `IntentError`. */
  constructor(intent: ProxyIntent, service: FilterService, definitions = IMPLIED) {
    this.#intent = intent;
    this.#service = service;
    this.#definitions = definitions;
    this.#common = this.#read(intent.filters, 'filters');
  }

  /**
   * Those of a route, or of requests that no route is for; undefined where there are none. `path` is the route's place in the intent.
   * Throws `IntentError`, or what a filter throws at its configuration.
   */
  of(route?: Route, path?: string): Chain | undefined {
    const own = this.#read(route?.filters, `${path}.filters`);
    const chain = this.#definitions.flatMap((definition): Link[] => {
      const config = this.#configOf(definition, own, route);
      return config === undefined ? [] : [{ name: definition.name, filter: this.#make(definition, config) }];
    });
    return chain.length === 0 ? undefined : chain;
  }

  close(): void {
    for (const filters of this.#made.values()) for (const filter of filters.values()) filter.close?.();
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

  /** By name, as the filters' schemas read it; undefined for what is switched off. */
  #read(settings: object | undefined, path: string): ReadonlyMap<string, unknown> {
    const found = Object.entries((settings ?? {}) as Settings).filter(([, value]) => value !== undefined);
    return new Map(found.map(([name, value]) => [name, value === null ? undefined : this.#parse(name, value, path)]));
  }

  #parse(name: string, value: unknown, path: string): unknown {
    const configurable = this.#definitions.filter((one): one is ConfiguredFilter<unknown> => 'schema' in one);
    const definition = configurable.find((one) => one.name === name);
    if (definition === undefined) {
      const names = [...new Set([...FILTER_NAMES, ...configurable.map((one) => one.name)])].join(', ');
      throw new IntentError([{ path: `${path}.${name}`, message: `there is no such filter; there are: ${names}` }]);
    }
    const parsed = definition.schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new IntentError(
      parsed.error.issues.map((issue) => ({
        path: [path, name, ...issue.path.map(String)].join('.'),
        message: issue.message,
      })),
    );
  }
}
