/**
 * Lines that an older hopcost wrote → the same as this version writes them. Identity is data since version 3; before, it was read from names
 * and axes, which is what these tables still do for files of that time, and for nothing else. Version 1 had no turns: each of its trials was
 * a window by itself, and its rounds are read as generations.
 */
import { type CalibrationSubject, SCHEMA_VERSION } from './record.ts';
import type { Role } from './scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether files of this version can be read. */
export const isReadable = (schema: number): boolean => schema >= 1 && schema <= SCHEMA_VERSION;

/** A line as version 3 has it; what is none of a run's lines stays as it is, for the schema to refuse. `node`: that the run was on. */
export function upgradeLine(line: unknown, from: number, node: string): unknown {
  if (from >= SCHEMA_VERSION || !isFields(line)) return line;
  switch (line['record']) {
    case 'run':
      return {
        ...line,
        schema: SCHEMA_VERSION,
        isForFigures: line['preset'] !== 'smoke',
        scenarios: withRoles(line['scenarios']),
      };
    case 'subject':
      return { ...line, ...identityOf(line, node) };
    case 'trial':
      return withGeneration(line);
    case 'knee-window':
      return { ...line, trial: isFields(line['trial']) ? withGeneration(line['trial']) : line['trial'] };
    case 'calibration':
      return { ...line, checks: withSubjects(line['checks']) };
    default:
      return line;
  }
}

/** Trials numbered their generations, but called them rounds. */
const withGeneration = ({ round, ...trial }: Fields): Fields => ({ ...trial, generation: round });

const OWN_FAMILY = 'hopcost';
const REFERENCES: ReadonlySet<string> = new Set(['l4-tcp', 'l7-http', 'l7-tls']);

function identityOf({ subject, version }: Fields, node: string): Fields {
  const { kind, name, hops } = isFields(subject) ? subject : {};
  const hop = kind === 'direct' ? 'direct' : String(name);
  return {
    family: /^l[47]-/.test(hop) ? OWN_FAMILY : hop.replace(/-(?:tcp|stream|http|tls)$/, ''),
    isReference: REFERENCES.has(hop) && hops === undefined,
    isHosted: kind !== 'direct' && typeof version === 'string' && version.includes(node),
  };
}

interface OldScenario {
  readonly axis: string;
  readonly kind: unknown;
  readonly tls: unknown;
  readonly perRequest: boolean;
  readonly uploads: boolean;
  /** The scenario whose rate a paced loop takes its share of. */
  readonly of: unknown;
}

/** How each role was told. The first scenario of a run that fits had it; added latency was read at several rates. */
const TOLD_BY: Readonly<Record<Exclude<Role, 'added-latency'>, (scenario: OldScenario) => boolean>> = {
  plain: ({ axis, tls, perRequest }) => axis === 'keep-alive' && tls === 'none' && !perRequest,
  encrypted: ({ axis, tls, perRequest }) => axis === 'tls-record' && tls !== 'none' && !perRequest,
  head: ({ axis }) => axis === 'head',
  download: ({ axis, uploads }) => axis === 'payload' && !uploads,
  upload: ({ axis, uploads }) => axis === 'payload' && uploads,
  connection: ({ axis, tls }) => axis === 'connection' && tls === 'none',
  resumed: ({ axis, tls }) => axis === 'handshake' && tls === 'resumed',
  handshake: ({ axis, tls }) => axis === 'handshake' && tls === 'full',
};

function withRoles(scenarios: unknown): unknown {
  if (!Array.isArray(scenarios) || !scenarios.every(isFields)) return scenarios;
  const read = scenarios.map(readScenario);
  const roles = new Map<number, Role>();
  for (const [role, isIt] of Object.entries(TOLD_BY) as [keyof typeof TOLD_BY, (one: OldScenario) => boolean][]) {
    const at = read.findIndex((one) => one.kind === 'http' && isIt(one));
    if (at >= 0) roles.set(at, role);
  }
  const plain = scenarios.find((_, i) => roles.get(i) === 'plain')?.['name'];
  for (const [i, { of }] of read.entries()) if (of !== undefined && of === plain) roles.set(i, 'added-latency');
  return scenarios.map((scenario, i) => ({ ...scenario, ...(roles.has(i) && { role: roles.get(i) }) }));
}

function readScenario({ axis, traffic, loop }: Fields): OldScenario {
  const { kind, tls, connection, request } = isFields(traffic) ? traffic : {};
  return {
    axis: String(axis),
    kind,
    tls,
    perRequest: connection === 'per-request',
    uploads: isFields(request) && Number(request['bodyBytes']) > 0,
    of: isFields(loop) && loop['kind'] === 'paced' ? loop['of'] : undefined,
  };
}

/** By how each check was called; the first that fits. */
const CHECKS: readonly (readonly [name: RegExp, tries: CalibrationSubject])[] = [
  [/^the way/, 'way'],
  [/^delay/, 'delay'],
  [/^rate/, 'rate'],
  [/^requests, by/, 'count'],
  [/^answers late/, 'stall'],
  [/errors/, 'errors'],
  [/^(?:dropped|scheduled)/, 'drops'],
];

function withSubjects(checks: unknown): unknown {
  if (!Array.isArray(checks) || !checks.every(isFields)) return checks;
  return checks.map((check) => {
    const name = String(check['name']);
    const quantile = /^delay.*, (p50|p99)$/.exec(name)?.[1];
    const tries = CHECKS.find(([pattern]) => pattern.test(name))?.[1];
    return { ...check, ...(tries && { tries }), ...(quantile && { quantile }) };
  });
}
