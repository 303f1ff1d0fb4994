/**
 * A filter of one's own: a module, in TypeScript or JavaScript, whose default export makes one (`UserFilterModule`). It is loaded once a
 * process, when the intent is. What it throws gives 500 for that request alone; a promise that it never keeps ends at the request's
 * deadline. It runs in the proxy's own thread: as long as it computes, nobody else is served.
 *
 * @example { "filters": { "user": { "module": "./filters/tenant.ts", "config": { "tenants": ["a", "b"] } } } }
 *
 * with `filters/tenant.ts`:
 *
 *     export default {
 *       create: ({ tenants }) => ({
 *         request: (head) => (tenants.includes(head.get('x-tenant')) ? undefined : { status: 403 }),
 *       }),
 *     };
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import type { ConfiguredFilter, Filter, FilterService } from './contract.ts';

/** What such a module exports by default. */
export interface UserFilterModule {
  /** `config`: as the intent has it; the module checks it, and throws where it is wrong. */
  create(config: unknown, service: FilterService): Filter;
}

export interface User {
  /** A path, from the working folder, or the name of a package. */
  readonly module: string;
  readonly config?: unknown;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly user?: User;
  }
}

function load(module: string): UserFilterModule {
  const require = createRequire(join(process.cwd(), 'hopcost.config'));
  let loaded: { readonly default?: Partial<UserFilterModule> } | undefined;
  try {
    loaded = require(module) as typeof loaded;
  } catch (error) {
    throw new TypeError(`filter user: ${module} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  const made = loaded?.default;
  if (typeof made?.create === 'function') return made as UserFilterModule;
  throw new TypeError(`filter user: expected ${module} to export an object with create(config, service) by default`);
}

export const filter: ConfiguredFilter<User> = {
  name: 'user',
  schema: z.strictObject({
    module: z.string().min(1, 'expected the path of a module'),
    config: z.unknown().optional(),
  }),
  create({ module, config }, service) {
    const filter: unknown = load(module).create(config, service);
    if (typeof filter === 'object' && filter !== null) return filter as Filter;
    throw new TypeError(`filter user: expected create of ${module} to give a filter, got ${typeof filter}`);
  },
};
