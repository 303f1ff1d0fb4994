/** `--slo 'p99<2ms, errors<0.1%'` → an objective. */
import { type Clause, Objective } from '#bench/model/objective.ts';
import { micros } from '#bench/model/units.ts';
import { UsageError } from '#bench/model/errors.ts';

const MICROS: Readonly<Record<string, number>> = { us: 1, µs: 1, μs: 1, ms: 1e3, s: 1e6 };
/** p99.99 rests on 100,000 requests a window. */
const QUANTILES = { least: 1, most: 99.99 };
const GRAMMAR = `expected a list such as 'p99<2ms', 'response.p99.9<10ms' or 'p50<800us,errors<0.1%'`;

/** A comma list of `[service.|response.]pNN<duration` (service time by default) and `errors<percent`. Throws `UsageError`. */
export function parseObjective(flag: string, text: string): Objective {
  const parts = text.split(',').map((part) => part.trim());
  const fail = (part: string, what: string): never => {
    throw new UsageError(`${flag} '${text}': ${part === '' ? 'an empty clause' : `'${part}'`}: ${what}`);
  };
  const clauses = parts.map((part) => parseClause(part, (what) => fail(part, what)));
  const names = clauses.map((clause) => (clause.kind === 'errors' ? 'errors' : `${clause.time} ${clause.q}`));
  const again = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (again !== -1) fail(parts[again]!, 'says the same as an earlier clause; name each once');
  return Objective.parse({ clauses });
}

function parseClause(part: string, fail: (what: string) => never): Clause {
  const errors = /^errors\s*<\s*(\d+(?:\.\d+)?)\s*%$/.exec(part);
  if (errors) {
    const share = Number(errors[1]) / 100;
    return share > 0 && share <= 1
      ? { kind: 'errors', below: share }
      : fail('expected a share above 0 % and up to 100 %');
  }
  const latency = /^(?:(service|response)\.)?p(\d+(?:\.\d+)?)\s*<\s*(\d+(?:\.\d+)?)\s*(us|µs|μs|ms|s)$/.exec(part);
  if (!latency) return fail(complaint(part));
  const [, time = 'service', nines, size, unit] = latency;
  const percentile = Number(nines);
  if (percentile < QUANTILES.least || percentile > QUANTILES.most)
    return fail(`expected a quantile from p${QUANTILES.least} to p${QUANTILES.most}, the most that a window can carry`);
  const below = Number(size) * MICROS[unit!]!;
  if (!(below > 0)) return fail('expected a time above 0');
  return { kind: 'latency', time: time as 'service' | 'response', q: percentile / 100, below: micros(below) };
}

/** What is most likely wrong with it. */
function complaint(part: string): string {
  if (/[>=]/.test(part)) return `only '<' is known; ${GRAMMAR}`;
  if (/<\s*\d+(?:\.\d+)?$/.test(part))
    return part.startsWith('errors')
      ? `a share needs its '%'; ${GRAMMAR}`
      : `a time needs its unit, us, ms or s; ${GRAMMAR}`;
  return GRAMMAR;
}
