/** From L4 to L7 to TLS: one row a maker of proxies, one mark a layer, the way between them drawn. */
import type { Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { isSingle, scenarioOf } from '#bench/analysis/scenarios/roles.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type Group, groupOf } from '../overview.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { isNarrow, logTicks, rowAxis, sized } from './frame.ts';
import { LAYER_LOOKS } from './palette.ts';

interface Stop {
  readonly family: string;
  readonly layer: Group;
  readonly subject: string;
  readonly estimate: Estimate;
}

const LAYERS = ['L4', 'L7', 'L7 with TLS'] as const;
/** From this ratio of the dearest to the cheapest on a linear axis would press the cheap ones together. */
const WIDE = 8;
/** Makers that stand closer together from so many on. */
const MANY = 4;

/** The makers that have two layers or more, one stop a layer. */
function stopsOf({ scenarios, subjects: records }: Analysis): Stop[] {
  const families = new Map(records.filter(isSingle).map(({ subject, family }) => [subjectName(subject), family]));
  const all = scenarios.map(({ scenario }) => scenario);
  const [plain, encrypted] = [scenarioOf('plain', all)?.name, scenarioOf('encrypted', all)?.name];
  const stops = scenarios.flatMap(({ scenario, subjects }) =>
    subjects
      .filter(({ subject, tls }) => families.has(subject) && scenario.name === (tls ? encrypted : plain))
      .flatMap(({ subject, layer, tls, metrics: { cpuPerRequest: estimate } }): Stop[] =>
        estimate ? [{ family: families.get(subject)!, layer: groupOf({ layer, tls }), subject, estimate }] : [],
      ),
  );
  return [...Map.groupBy(stops, ({ family }) => family).values()]
    .map((own) => LAYERS.flatMap((layer) => own.find((stop) => stop.layer === layer) ?? []))
    .filter(({ length }) => length > 1)
    .flat();
}

function draw(analysis: Analysis): Drawing[] {
  const stops = stopsOf(analysis);
  const [first] = stops;
  if (!first)
    return [
      {
        state: 'cannot tell',
        title: 'From L4 to L7 to TLS',
        reason:
          'No maker’s proxy completed a keep-alive trial at two layers; --proxies l4-tcp,l7-http,l7-tls with http-small and tls-keepalive gives it.',
      },
    ];
  const families = [...new Set(stops.map(({ family }) => family))];
  const own = stops.filter(({ family }) => family === first.family);
  const points = stops.map(({ family, layer, subject, estimate: { value } }) => ({
    family,
    layer,
    subject,
    value,
    text: formatQuantity(value, 'µs'),
    tip: tip(subject, `${subject}: ${formatQuantity(value, 'µs')} of CPU per request`),
  }));
  const ways = families.map((family) => {
    const values = points.filter((point) => point.family === family).map(({ value }) => value);
    return { family, low: Math.min(...values), high: Math.max(...values) };
  });
  const values = points.map(({ value }) => value);
  const [shortest, longest] = [Math.min(...values), Math.max(...values)];
  const isLog = longest > WIDE * shortest;
  return [
    {
      state: 'drawn',
      title: `From layer to layer, CPU per request: ${own.map(({ layer, estimate }) => `${layer} ${formatQuantity(estimate.value, 'µs')}`).join(' → ')} (${first.family})`,
      description: `One row a maker, one mark a layer, in microseconds of CPU per request. ${stops.map(({ subject, layer, estimate }) => `${subject} (${layer}): ${formatEstimate(estimate, 'µs')}`).join('; ')}.`,
      table: {
        columns: ['Subject', 'Layer', 'CPU per request'],
        rows: stops.map(({ subject, layer, estimate }) => [subject, layer, formatEstimate(estimate, 'µs')]),
      },
      spec: (width) => {
        // Room for the figures beside the outermost marks.
        const margin = (longest / shortest) ** (isNarrow(width) ? 0.8 : 0.17);
        return {
          ...sized(width, families.length * (families.length > MANY ? 44 : 60) + 100),
          encoding: {
            y: { field: 'family', type: 'nominal', sort: families, axis: rowAxis(width) },
          },
          layer: [
            {
              data: { values: ways },
              mark: { type: 'rule', color: 'var(--rule)', strokeWidth: 4 },
              encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
            },
            {
              data: { values: points },
              mark: { type: 'point', filled: true, size: isNarrow(width) ? 120 : 190, opacity: 1 },
              encoding: {
                x: {
                  field: 'value',
                  type: 'quantitative',
                  title: `µs of CPU per request${isLog ? ', logarithmic' : ''}`,
                  scale: isLog
                    ? { type: 'log', domain: [shortest / margin, longest * margin], nice: false }
                    : { domain: [0, longest * (isNarrow(width) ? 1.6 : 1.12)], nice: false },
                  axis: {
                    ...(isLog && { values: logTicks(shortest / margin, longest * margin, isNarrow(width) ? 4 : 9) }),
                    tickCount: isNarrow(width) ? 4 : 7,
                    format: '~r',
                    domain: false,
                    ticks: false,
                  },
                },
                color: {
                  field: 'layer',
                  type: 'nominal',
                  title: null,
                  scale: { domain: LAYERS, range: LAYERS.map((layer) => LAYER_LOOKS[layer].colour) },
                },
                shape: {
                  field: 'layer',
                  type: 'nominal',
                  title: null,
                  scale: { domain: LAYERS, range: LAYERS.map((layer) => LAYER_LOOKS[layer].shape) },
                },
                ...TIP,
              },
            },
            ...(isNarrow(width) ? NARROW_SIDES : SIDES).map(({ side, ...text }) => ({
              data: { values: points.filter((point) => sideOf(point, points) === side) },
              mark: { type: 'text' as const, fontWeight: 'bold' as const, ...text },
              encoding: {
                x: { field: 'value', type: 'quantitative' as const },
                text: { field: 'text' },
                ...TIP,
              },
            })),
          ],
        };
      },
    },
  ];
}

/** Marks may lie close: the least is named to its left, the greatest to its right, what is between them below. */
const SIDES = [
  { side: 'least', align: 'right', dx: -11 },
  { side: 'greatest', align: 'left', dx: 11 },
  { side: 'between', align: 'center', dy: 17 },
] as const;
/** There is no room to the left of the least. */
const NARROW_SIDES = [{ side: 'least', align: 'center', dy: -17 }, SIDES[1], SIDES[2]] as const;

interface Point {
  readonly family: string;
  readonly value: number;
}

function sideOf(point: Point, all: readonly Point[]): (typeof SIDES)[number]['side'] {
  const row = all.filter(({ family }) => family === point.family).toSorted((a, b) => a.value - b.value);
  return point === row[0] ? 'least' : point === row.at(-1) ? 'greatest' : 'between';
}

export const layers: Chart = { name: 'layers', draw };
