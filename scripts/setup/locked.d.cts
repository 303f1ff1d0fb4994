/** A set of packages of `setup/`. */
type Name = 'node' | 'peers';
export function cacheFolder(part: string): string;
export function commandFor(folder: string): string[];
export function fetchedFolder(name: Name): string;
export function fetchLocked(name: Name): string | undefined;
export function manifestOf(name: Name): { readonly version: string };
