/** Response time along the nines at equal offered load: the tail gets the room that it deserves. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, MICROS_LABEL, sized } from './frame.ts';
import { type Look, looksOf } from './palette.ts';

const TICKS = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
const ninesOf = (q: number): number => -Math.log10(1 - q);
/** Two digits beyond the nines: p50, p97.3, p99.92. */
const label = (q: number): string =>
  `p${Number((q * 100).toFixed(Math.max(0, Math.ceil(ninesOf(q)) - 1) + (TICKS.includes(q) ? 3 : 0)))}`;

function draw(analysis: Analysis): Drawing[] {
  const paced = analysis.scenarios.filter(({ offered }) => offered !== null);
  if (paced.length > 0) return paced.map((scenario) => drawScenario(scenario, looksOf(analysis)));
  return [
    {
      state: 'cannot tell',
      title: 'Response time by percentile',
      reason:
        'No scenario of this run offered the same rate, below saturation, to all subjects. Percentiles of saturated runs tell of a queue, not of a hop, so none are drawn. Add --scenarios http-small,http-paced-50.',
    },
  ];
}

function drawScenario({ scenario, offered, subjects }: ScenarioAnalysis, looks: ReadonlyMap<string, Look>): Drawing {
  const lines = subjects.flatMap(({ subject, curves }) =>
    (curves?.response ?? []).map(({ q, nines, micros }) => ({
      subject,
      nines,
      micros,
      own: own(subject),
      tip: tip(subject, `${subject} ${label(q)}: ${formatQuantity(micros, 'µs')}`),
    })),
  );
  if (lines.length === 0) return nothingToDraw(scenario.name, subjects);
  const names = subjects.map(({ subject }) => subject).filter((name) => lines.some(({ subject }) => subject === name));
  // Marks that name the line where it crosses a round percentile.
  const most = Math.max(...lines.map(({ nines }) => nines));
  const ticks = TICKS.filter((q) => ninesOf(q) <= most + 1e-9);
  const marks = names.flatMap((subject) => {
    const points = lines.filter((point) => point.subject === subject);
    return ticks.flatMap((q) => {
      const near = points.find(({ nines }) => nines >= ninesOf(q) - 0.045 && nines <= ninesOf(q) + 0.045);
      return near ? [near] : [];
    });
  });
  const ends = spread(
    names.map((subject) => lines.filter((point) => point.subject === subject).at(-1)!),
    Math.log(Math.max(...lines.map(({ micros }) => micros)) / Math.min(...lines.map(({ micros }) => micros))),
  );
  const p99 = subjects.flatMap(({ subject, metrics: { responseP99: estimate } }) =>
    estimate ? [`${subject} ${formatQuantity(estimate.value, 'µs')}`] : [],
  );
  const rate = formatQuantity(offered!, '/s');
  const look = <K extends keyof Look>(key: K): { domain: string[]; range: Look[K][] } => ({
    domain: names,
    range: names.map((name) => looks.get(name)![key]),
  });
  return {
    state: 'drawn',
    title: `Response time by percentile at ${rate} offered to every subject (${scenario.name})`,
    description: `Lines, one a subject, rounds merged. Horizontal: percentile on a scale of nines. Vertical: response time in microseconds, logarithmic. p99: ${p99.join('; ') || 'too few samples'}.`,
    table: {
      columns: ['Subject', ...ticks.map(label)],
      rows: names.map((name) => [
        name,
        ...ticks.map((q) => {
          const points = lines.filter(({ subject }) => subject === name);
          const near = points.find(({ nines }) => Math.abs(nines - ninesOf(q)) <= 0.045);
          return near ? formatQuantity(near.micros, 'µs') : '–';
        }),
      ]),
    },
    spec: (width) => {
      const narrow = isNarrow(width);
      // Where there is no room for names at the ends of the lines.
      const legend = narrow ? { columns: 2, labelLimit: 130, symbolStrokeWidth: 2 } : null;
      return {
        ...sized(width, narrow ? 340 : 380),
        encoding: {
          x: {
            field: 'nines',
            type: 'quantitative',
            title: 'percentile',
            // Room at the right for the names at the ends of the lines.
            scale: { domain: [0, most * (narrow ? 1.02 : 1.3)], nice: false },
            axis: {
              values: ticks.map(ninesOf),
              labelExpr: ticks.map((q) => `abs(datum.value - ${ninesOf(q)}) < 1e-6 ? '${label(q)}' : `).join('') + `''`,
            },
          },
          y: {
            type: 'quantitative',
            title: 'response time',
            scale: { type: 'log', nice: false },
            axis: {
              tickCount: 6,
              labelExpr: MICROS_LABEL,
            },
          },
          color: {
            field: 'subject',
            type: 'nominal',
            title: null,
            scale: look('colour'),
            legend,
          },
          ...TIP,
        },
        layer: [
          {
            data: { values: lines },
            mark: { type: 'line', strokeWidth: 2, interpolate: 'monotone' },
            encoding: {
              y: { field: 'micros' },
              ...OWN,
              strokeDash: { field: 'subject', type: 'nominal', title: null, scale: look('dash') as never, legend },
            },
          },
          {
            data: { values: marks },
            mark: { type: 'point', filled: true, size: 55, opacity: 1 },
            encoding: {
              y: { field: 'micros' },
              shape: {
                field: 'subject',
                type: 'nominal',
                title: null,
                scale: look('shape'),
                legend,
              },
            },
          },
          ...(narrow
            ? []
            : [
                {
                  data: { values: ends },
                  mark: {
                    type: 'text' as const,
                    align: 'left' as const,
                    dx: 8,
                    fontWeight: 'bold' as const,
                    limit: 210,
                  },
                  encoding: { y: { field: 'at' }, text: { field: 'subject' } },
                },
              ]),
        ],
      };
    },
  };
}

function nothingToDraw(scenario: string, subjects: readonly SubjectAnalysis[]): Drawing {
  const sum = (key: 'completed' | 'invalid' | 'failed'): number =>
    subjects.reduce((all, { trials }) => all + trials[key], 0);
  const codes = [...new Set(subjects.flatMap(({ trials }) => trials.reasons))];
  const why = codes.length > 0 ? ` (${codes.join(', ')})` : '';
  return {
    state: 'cannot tell',
    title: `Response time by percentile (${scenario})`,
    reason: `Of its trials ${sum('completed')} completed, ${sum('invalid')} are invalid and ${sum('failed')} failed${why}; not enough is left to draw.`,
  };
}

/** Names at the line ends, moved apart on the log scale so that none covers another. */
function spread<T extends { readonly micros: number }>(ends: readonly T[], range: number): (T & { at: number })[] {
  const gap = Math.max(range, 1e-9) * 0.05;
  const sorted = ends.toSorted((a, b) => a.micros - b.micros);
  let floor = -Infinity;
  return sorted.map((end) => {
    floor = Math.max(Math.log(end.micros), floor + gap);
    return { ...end, at: Math.exp(floor) };
  });
}

export const latencyByPercentile: Chart = { name: 'latency-by-percentile', draw };
