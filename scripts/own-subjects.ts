/** `subjects` of `bench.config.ts`: proxies of the user's own, each a command with placeholders, checked before anything is started. */
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { defineCommand, type Placeholder } from '#proxies/peers/command.ts';
import { proxies } from '#proxies/registry.ts';
import { parseDuration } from './flags.ts';

const START_TIMEOUT = { least: 100, most: 600_000 };

/** Names that mean something else already. */
const RESERVED: ReadonlySet<string> = new Set(['direct', 'references', 'installed', 'all', 'own']);
const isTaken = (name: string): boolean => proxies.has(name) || RESERVED.has(name);

/** Of subjects and targets alike. */
export const SubjectName = z
  .string()
  .regex(/^[A-Za-z0-9][\w-]*$/, 'expected letters, digits, dashes and underscores')
  .refine((name) => !isTaken(name.toLowerCase()), 'this name is taken; choose another');

const REFERENCE_FAMILIES: ReadonlySet<string> = new Set(
  [...proxies.values()].filter(({ isReference }) => isReference).map(({ family }) => family),
);

const Family = z
  .string()
  .min(1)
  .refine(
    (family) => !REFERENCE_FAMILIES.has(family),
    `${[...REFERENCE_FAMILIES].join()} is what the reference proxies are of; choose another`,
  );

const Words = z.record(z.string(), z.string());

export const OwnSubject = z
  .strictObject({
    name: SubjectName,
    /** One word for several subjects that are set against each other: L7 over L4, TLS over plain. Its own name by default. */
    family: Family.optional(),
    layer: z.enum(['l4', 'l7']),
    /** It ends TLS, with the certificate and key at `{cert}` and `{key}`. */
    tls: z.boolean().optional(),
    /** It speaks HTTP/2 to its clients as well; with `{upstreamVersion}` it is told what to speak to the origin. */
    http2: z.boolean().optional(),
    /** Program and arguments, no shell. */
    command: z.tuple([z.string().min(1)], z.string()),
    /** The folder of the configuration by default. */
    cwd: z.string().optional(),
    env: Words.optional(),
    ready: z.union([z.literal('tcp'), z.strictObject({ path: z.string().startsWith('/') })]).optional(),
    /** Milliseconds, or as `--duration`: '20s'. */
    startTimeout: z.union([z.int().min(START_TIMEOUT.least).max(START_TIMEOUT.most), z.string()]).optional(),
  })
  .superRefine(({ command, env = {}, tls = false, http2 = false, layer, ready }, context) => {
    const text = [...command, ...Object.values(env)].join(' ');
    const says = (...names: Placeholder[]): boolean => names.some((name) => text.includes(`{${name}}`));
    const refuse = (message: string, path: string): void => context.addIssue({ code: 'custom', message, path: [path] });
    if (!says('listen', 'listenPort'))
      refuse('nothing tells it where to listen: put {listen} or {listenPort} into its arguments or env', 'command');
    if (!says('upstream', 'upstreamPort'))
      refuse('nothing tells it where to forward to: put {upstream} or {upstreamPort} there', 'command');
    if (tls && !(says('cert') && says('key')))
      refuse('nothing tells it its certificate: put {cert} and {key} there', 'command');
    if (!tls && says('cert', 'key')) refuse('{cert} and {key} are there only with tls: true', 'command');
    if (tls && layer === 'l4') refuse('an L4 hop passes TLS through; one that ends it is layer l7', 'tls');
    if (layer === 'l4' && (http2 || says('upstreamVersion')))
      refuse('an L4 hop passes HTTP/2 through; one that speaks it is layer l7', http2 ? 'http2' : 'command');
    if (layer === 'l4' && typeof ready === 'object') refuse("an L4 hop has no path; its ready is 'tcp'", 'ready');
  });
export type OwnSubject = z.infer<typeof OwnSubject>;

/** Relative folders start at `directory`, that of the configuration. Throws `UsageError` for a time that cannot be read. */
export function defineOwn(
  { cwd = '.', family, tls, http2, env, ready, startTimeout, ...spec }: OwnSubject,
  directory: string,
): ProxyDefinition {
  const patience =
    typeof startTimeout === 'string'
      ? parseDuration(`subject ${spec.name}: startTimeout`, startTimeout, START_TIMEOUT.least, START_TIMEOUT.most)
      : startTimeout;
  return defineCommand({
    ...spec,
    cwd: isAbsolute(cwd) ? cwd : resolve(directory, cwd),
    ...(family !== undefined && { family }),
    ...(tls !== undefined && { tls }),
    ...(http2 !== undefined && { http2 }),
    ...(env !== undefined && { env }),
    ...(ready !== undefined && { ready }),
    ...(patience !== undefined && { startTimeout: patience }),
  });
}
