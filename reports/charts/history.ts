/** CPU per request from run to run. Between hosts that differ only ratios are drawn: absolute figures would compare the hosts. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { REFERENCES } from '#bench/analysis/between.ts';
import type { HistoryPoint } from '#bench/analysis/history.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, scaleOf, sized } from './frame.ts';
import { looksOf } from './palette.ts';

const TITLE = 'CPU per request from run to run';

function draw(analysis: Analysis): Drawing[] {
  const points = analysis.history ?? [];
  const runs = [...new Set(points.map(({ run }) => run))];
  if (runs.length < 2)
    return [
      {
        state: 'cannot tell',
        title: TITLE,
        reason: 'One run has no history. hopcost report RUN RUN … draws several together.',
      },
    ];
  const isOneHost = new Set(points.map(({ fingerprint }) => fingerprint)).size === 1;
  const reference = (run: string): HistoryPoint | undefined =>
    points.find((point) => point.run === run && point.subject === REFERENCES.l4);
  const drawn = points.flatMap((point) => {
    const {
      run,
      subject,
      revision,
      cpuPerRequest: { value, low, high },
    } = point;
    const by = isOneHost ? 1 : reference(run)?.cpuPerRequest.value;
    if (by === undefined || (!isOneHost && subject === REFERENCES.l4)) return [];
    const text = isOneHost ? formatQuantity(value, 'µs') : formatQuantity(value / by, 'ratio');
    return [
      {
        run: runs.indexOf(run) + 1,
        name: run,
        revision,
        subject,
        value: value / by,
        low: low / by,
        high: high / by,
        text,
        own: own(subject),
        tip: tip(subject, `${subject}: ${text} in ${run}${revision === null ? '' : ` at ${revision.slice(0, 12)}`}`),
      },
    ];
  });
  const looks = looksOf(analysis);
  const names = [...looks.keys()].filter((name) => drawn.some(({ subject }) => subject === name));
  if (names.length === 0)
    return [
      {
        state: 'cannot tell',
        title: TITLE,
        reason: `These runs are of different hosts, where only ratios to ${REFERENCES.l4} of the same run compare, and no run has one.`,
      },
    ];
  const changes = names.flatMap((name) => {
    const mine = drawn.filter(({ subject }) => subject === name);
    const [first, last] = [mine[0]!, mine.at(-1)!];
    const apart = last.low > first.high || last.high < first.low;
    return mine.length > 1 && apart ? [`${name} ${first.text} → ${last.text}`] : [];
  });
  return [
    {
      state: 'drawn',
      title:
        changes.length === 0
          ? `${TITLE}: first and last overlap in every subject`
          : `${TITLE}: ${changes.join(', ')}; these intervals lie apart`,
      description: `Lines, one a subject, over ${runs.length} runs, oldest first. Vertical: ${isOneHost ? 'microseconds of CPU per request' : `ratio to ${REFERENCES.l4} of the same run, because the runs are of different hosts`}, with intervals.`,
      table: {
        columns: ['Run', 'Revision', ...names],
        rows: runs.map((run) => {
          const mine = drawn.filter(({ name }) => name === run);
          const revision = points.find((point) => point.run === run)?.revision;
          return [
            run,
            revision?.slice(0, 12) ?? '–',
            ...names.map((name) => mine.find(({ subject }) => subject === name)?.text ?? '–'),
          ];
        }),
      },
      spec: (width) => {
        const legend = { columns: isNarrow(width) ? 2 : 4, labelLimit: 130, symbolStrokeWidth: 2 };
        return {
          ...sized(width, 320),
          data: { values: drawn },
          encoding: {
            x: {
              field: 'run',
              type: 'quantitative',
              title: 'run, oldest first',
              scale: { domain: [0.8, runs.length + 0.2], nice: false },
              axis: { values: runs.map((_, i) => i + 1), grid: false, format: 'd' },
            },
            color: { field: 'subject', type: 'nominal', title: null, scale: scaleOf(looks, names, 'colour'), legend },
          },
          layer: [
            {
              mark: { type: 'line', strokeWidth: 2 },
              encoding: {
                y: {
                  field: 'value',
                  type: 'quantitative',
                  title: isOneHost ? 'µs of CPU per request' : `times ${REFERENCES.l4}`,
                  scale: { zero: true },
                  axis: { tickCount: 6 },
                },
                ...OWN,
              },
            },
            {
              mark: { type: 'rule', strokeWidth: 1.5 },
              encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, ...TIP },
            },
            {
              mark: { type: 'point', filled: true, size: 70, opacity: 1 },
              encoding: {
                y: { field: 'value', type: 'quantitative' },
                shape: {
                  field: 'subject',
                  type: 'nominal',
                  title: null,
                  scale: scaleOf(looks, names, 'shape'),
                  legend,
                },
                ...TIP,
              },
            },
          ],
        };
      },
    },
  ];
}

export const history: Chart = { name: 'history', draw };
