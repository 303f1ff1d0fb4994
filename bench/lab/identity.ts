/**
 * What exactly ran: the executables of a proxy's processes and its configuration, each as a hash, so that the proxy that was measured can
 * be held against the one that passed its conformance checks. Ports differ from start to start and are left out.
 */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withoutPorts } from '#bench/model/native-config.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import type { Warning } from '#bench/model/warning.ts';
import type { StartedProxy } from './started-proxy.ts';

export interface Identity {
  /** Of version, executables, and, where the proxy runs inside a host process of ours, the sources. */
  readonly binary: string;
  /** Of the native configuration. */
  readonly config: string;
}

export interface IdentitySpec {
  readonly version: string;
  readonly hops: readonly Pick<StartedProxy, 'kind' | 'pids' | 'nativeConfig'>[];
  /** Of the package that hosts them, where it is not this one. */
  readonly root?: string;
}

const PACKAGE = join(import.meta.dirname, '../..');

export function identityOf({ version, hops, root = PACKAGE }: IdentitySpec): Identity {
  const hosted = hops.some(({ kind }) => kind === 'hosted');
  return {
    binary: hash([
      version,
      ...executables(hops.flatMap(({ pids }) => pids)),
      ...(hosted ? sources(join(root, 'proxies')) : []),
    ]),
    // How a user's own configuration writes ports is not known: there no number counts.
    config: hash(
      hops.map(({ kind, nativeConfig }) =>
        kind === 'own' ? nativeConfig.replace(/\d+/g, 'N') : withoutPorts(nativeConfig),
      ),
    ),
  };
}

/** What ran in a trial against what passed its checks; undefined where it is the same, or nothing was proven. */
export function unproven(name: string, identity: Identity, proven: SubjectRecord['proven']): Warning | undefined {
  if (proven === undefined) return undefined;
  const { binary, config } = identity;
  const changed = [
    ...(binary === proven.binary ? [] : ['its version, executables or sources']),
    ...(proven.configs.includes(config) ? [] : ['its configuration']),
  ];
  if (changed.length === 0) return undefined;
  return {
    code: 'unproven',
    message: `${name} is not what passed its conformance checks in this run: ${changed.join(' and ')} changed`,
    evidence: { binary, config, provenBinary: proven.binary, provenConfigs: proven.configs.join(' ') },
  };
}

const hash = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

/** The very files that run, replaced ones too: a file of the same name that was put in their place is another. */
const executables = (pids: readonly number[]): string[] => [
  ...new Set(pids.flatMap((pid) => fingerprint(`/proc/${pid}/exe`))),
];

const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name)) // as a checkout or as the package has them
    .toSorted()
    .flatMap((name) => fingerprint(join(folder, name)));

/** Empty where the system does not tell. */
function fingerprint(path: string): string[] {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return [[dev, ino, size, mtimeMs].join(' ')];
  } catch {
    return [];
  }
}
