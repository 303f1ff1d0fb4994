/**
 * Where peers are that `hopcost setup-peers` fetched: below the cache folder, each set under its version. A checkout has the libraries for
 * Node among its own packages, and those come first.
 */
import { readFileSync } from 'node:fs';
import { findPackageJSON, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from '../platform/cache.ts';

const { version, dependencies } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../setup/peers/package.json'), 'utf8'),
) as { readonly version: string; readonly dependencies: Readonly<Record<string, string>> };

/** The virtual environment of the wheels. */
export const VENV = cacheFolder(`wheels-${version}`);

/** As if a module stood beside the fetched packages. */
const LIBRARIES = pathToFileURL(join(cacheFolder(`peers-${version}`), 'package.json')).href;

function versionFrom(name: string, base: string): string | undefined {
  try {
    const file = findPackageJSON(name, base);
    return file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** Of the package that an import within `withLibraries` would give; undefined where there is none. */
export const libraryVersion = (name: string): string | undefined =>
  versionFrom(name, import.meta.url) ?? versionFrom(name, LIBRARIES);

/** While `load` imports one of the libraries by its name, what is not installed here is taken from what was fetched. */
export async function withLibraries<T>(load: () => Promise<T>): Promise<T> {
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      name in dependencies && versionFrom(name, import.meta.url) === undefined
        ? next(name, { ...context, parentURL: LIBRARIES })
        : next(name, context),
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}
