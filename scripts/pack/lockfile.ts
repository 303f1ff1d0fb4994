/** A part of package-lock.json as a lockfile of its own, so that what is fetched later is what was tested here. Pure. */

interface Locked {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly dev?: true;
}

/** As npm 7 and later write it; what is not read here passes through. Source: package-lock.json, npm documentation. */
export interface Lockfile {
  readonly name: string;
  readonly version: string;
  readonly lockfileVersion: number;
  /** By place: 'node_modules/a/node_modules/b'. */
  readonly packages: Readonly<Record<string, Locked>>;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The place of what `name` means to the package at `from`, as Node looks for it: below it, then below each folder above. */
function placeOf(packages: Lockfile['packages'], name: string, from: string): string | undefined {
  const place = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
  if (place in packages) return place;
  return from === ''
    ? undefined
    : placeOf(packages, name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))));
}

/** All that `manifest` needs, and nothing else. Throws where the lockfile lacks something that it names. */
export function partOf({ lockfileVersion, packages }: Lockfile, manifest: Manifest): Lockfile {
  const { name, version, dependencies = {}, optionalDependencies = {} } = manifest;
  const kept = new Map<string, Locked>();
  const keep = (wanted: string, from: string): boolean => {
    const place = placeOf(packages, wanted, from);
    if (place === undefined) return false;
    if (kept.has(place)) return true;
    const { dev: _, ...locked } = packages[place]!;
    kept.set(place, locked);
    const { peerDependencies, ...others } = locked;
    for (const more of [others.dependencies, others.optionalDependencies, peerDependencies])
      for (const next of Object.keys(more ?? {})) keep(next, place);
    return true;
  };
  for (const wanted of Object.keys({ ...dependencies, ...optionalDependencies }))
    if (!keep(wanted, '')) throw new Error(`package-lock.json has no ${wanted}: run npm install and repeat`);
  const root = { name, version, dependencies, optionalDependencies };
  const sorted = [...kept].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { name, version, lockfileVersion, packages: { '': root, ...Object.fromEntries(sorted) } };
}
