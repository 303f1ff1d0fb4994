/**
 * The room table as a lint rule: each room names everything that it may import. Between rooms an import is `#room/…`, within one
 * it is relative. The most specific room that holds a file is its room.
 */
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Room → what it may import besides its own files: `node:` (all of it), rooms or single files of other rooms, packages. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  backends: ['node:', 'proxies/http2'], // one codec for origin, proxy and generator; readers that judge stay apart
  'proxies/platform': ['node:'], // the cellar
  proxies: ['node:'],
  'proxies/config': ['node:', 'zod', 'yaml'],
  'proxies/net': ['node:', 'proxies/config'],
  'proxies/http': ['node:buffer', 'node:v8', 'proxies/config'], // the wire format: no sockets
  'proxies/http2': ['node:buffer', 'proxies/http'], // the wire format: no sockets
  'proxies/stats': ['node:', 'proxies/config'],
  'proxies/workers': ['node:', 'proxies/contract.ts', 'proxies/registry.ts', 'proxies/config', 'proxies/stats'],
  'proxies/cluster': ['node:', 'proxies/config', 'proxies/net', 'proxies/stats'],
  'proxies/filters': [
    'node:',
    'zod',
    'ajv',
    '@opentelemetry',
    'proxies/config',
    'proxies/http',
    'proxies/cluster',
    'proxies/stats',
  ],
  'proxies/l4': [
    'node:',
    'proxies/contract.ts',
    'proxies/config',
    'proxies/net',
    'proxies/cluster',
    'proxies/stats',
    'proxies/workers',
  ],
  'proxies/l7': [
    'node:',
    'proxies/contract.ts',
    'proxies/config',
    'proxies/net',
    'proxies/http',
    'proxies/http2',
    'proxies/cluster',
    'proxies/stats',
    'proxies/workers',
    'proxies/filters',
  ],
  'proxies/peers': [
    'node:',
    'proxies/contract.ts',
    'proxies/config',
    'proxies/cluster',
    'proxies/filters/read.ts', // their settings are checked for all alike
    'http-proxy',
    'http-proxy-3',
    'httpxy',
    'fast-proxy',
    'fastify',
    '@fastify/http-proxy',
  ],
  'bench/model': ['zod'],
  'bench/plan': ['bench/model'],
  'bench/lab': [
    'node:',
    'bench/model',
    'proxies/contract.ts',
    'proxies/registry.ts',
    'proxies/config',
    'backends/contract.ts',
    'backends/registry.ts',
  ],
  'bench/conformance': ['node:', 'bench/lab', 'bench/model', 'proxies/contract.ts', 'proxies/config'],
  'bench/load': ['node:', 'bench/model', 'proxies/http2', 'piscina', 'autocannon', 'hdr-histogram-js'],
  'bench/probes': ['node:', 'bench/model'],
  'bench/stats': ['hdr-histogram-js'],
  'bench/analysis': ['bench/model', 'bench/stats'],
  'bench/gate': [
    'node:',
    'zod',
    'bench/model',
    'bench/plan',
    'bench/lab',
    'bench/load',
    'bench/probes',
    'bench/stats',
    'bench/analysis',
  ],
  'bench/run': [
    'node:',
    'bench/model',
    'bench/plan',
    'bench/lab',
    'bench/load',
    'bench/probes',
    'bench/conformance',
    'bench/analysis', // the verdict over a trial, and words for notes
    'bench/gate',
    'bench/micro',
    'proxies/contract.ts',
    'proxies/config',
    'proxies/peers/external.ts',
  ],
  'bench/micro': [
    'node:',
    'bench/model',
    'bench/load',
    'proxies/http',
    'proxies/net',
    'proxies/cluster',
    'proxies/filters',
    'proxies/l7',
    'proxies/config',
    'tinybench',
  ],
  reports: [
    'node:',
    'bench/model',
    'bench/analysis',
    'bench/gate/result.ts',
    'vega',
    'vega-lite',
    'csv-stringify',
    'zod',
  ],
};

/** What every room may import: it knows no proxy and no benchmark. */
const CELLAR = 'proxies/platform';

/** `proxies/` is one house with rooms inside: there, a relative path between rooms is the rule. Everywhere else `#` is. */
const HOUSE = 'proxies';

const isIn = (path: string, room: string): boolean => path === room || path.startsWith(`${room}/`);
const roomOf = (path: string): string | undefined =>
  Object.keys(ROOMS)
    .filter((room) => isIn(path, room))
    .toSorted((a, b) => b.length - a.length)[0];

/** Why `file` (relative to the root) may not import `specifier`, or undefined where it may. */
export function violation(file: string, specifier: string): string | undefined {
  const room = roomOf(file);
  const isRelative = specifier.startsWith('.');
  const target = isRelative ? join(dirname(file), specifier) : specifier.replace(/^#/, '');
  if (isRelative && target.split('/')[0] !== file.split('/')[0])
    return `between rooms import by '#room/…', not by '${specifier}'`;
  if (room === undefined) return undefined; // scripts/ and test/ may import all
  if (isRelative || specifier.startsWith('#')) {
    const there = roomOf(target);
    if (there === room) return undefined;
    if (there === CELLAR && (!isRelative || isIn(room, HOUSE))) return undefined;
    if (isRelative && !(isIn(room, HOUSE) && there !== undefined && isIn(there, HOUSE)))
      return `between rooms import by '#room/…', not by '${specifier}'`;
    // The files at the top of the house compose all its rooms.
    if (room === HOUSE && there !== undefined && isIn(there, HOUSE)) return undefined;
  }
  const may = ROOMS[room]!;
  if (may.some((entry) => (entry.endsWith(':') ? target.startsWith(entry) : isIn(target, entry)))) return undefined;
  return `${room}/ may not import '${specifier}'; it may import ${[...may, 'its own folder'].join(', ')}`;
}

interface Node {
  readonly source?: { readonly value?: unknown } | null;
}
interface Context {
  readonly filename: string;
  report(problem: { readonly node: Node; readonly message: string }): void;
}

const boundaries = {
  create(context: Context) {
    const check = (node: Node): void => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string') return;
      const message = violation(relative(root, context.filename), specifier);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default { meta: { name: 'rooms' }, rules: { boundaries } };
