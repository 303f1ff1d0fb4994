/** From L4 to L7 to TLS: one row a maker of proxies, one mark a layer, the way between them drawn. */
import type { Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { isSingle } from '#bench/analysis/scenarios/roles.ts';
import { formatEstimate, formatQuantity, scaleOf } from '#bench/analysis/words/quantity.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type Group, groupOf } from '../content/groups.ts';
import { mainFigures, mainScenarios } from '../content/main-scenario.ts';
import { figureOf } from '../document/table.ts';
import { type ChartDefinition, type Drawing, tip } from './chart.ts';
import { by, points, whiskers, words } from './marks.ts';
import { LAYER_LOOKS } from './palette.ts';
import { isNarrow, logTicks, namedRows, rowsView } from './views.ts';

interface Stop {
  readonly family: string;
  readonly layer: Group;
  readonly subject: string;
  readonly estimate: Estimate;
}

const LAYERS = ['L4', 'L7', 'L7 with TLS'] as const;
/** From this ratio of the greatest to the least on, a linear axis would press the small ones together. */
const WIDE = 8;
const MANY = 6;

/** The makers that have two layers or more, one stop a layer. With TLS only where the same traffic was measured in the clear. */
function stopsOf(analysis: Analysis): Stop[] {
  const records = analysis.subjects.filter(isSingle);
  const families = new Map(records.map(({ subject, family }) => [subjectName(subject), family]));
  const { plain, encrypted } = mainScenarios(analysis);
  const areTwins = plain?.scenario.role === 'plain' && encrypted?.scenario.role === 'encrypted';
  const figures = mainFigures(analysis).filter(({ tls, passes }) => !passes && (!tls || areTwins));
  const stops = figures.flatMap(({ subject, layer, tls, metrics: { cpuPerRequest: estimate } }): Stop[] => {
    const family = families.get(subject);
    return estimate && family !== undefined ? [{ family, layer: groupOf({ layer, tls }), subject, estimate }] : [];
  });
  return [...Map.groupBy(stops, ({ family }) => family).values()]
    .map((own) => LAYERS.flatMap((layer) => own.find((stop) => stop.layer === layer) ?? []))
    .filter(({ length }) => length > 1)
    .flat();
}

/** One maker's way stands in the summary already. */
function draw(analysis: Analysis): Drawing[] {
  const stops = stopsOf(analysis);
  const families = [...new Set(stops.map(({ family }) => family))];
  if (families.length < 2) return [];
  const { factor, suffix } = scaleOf(
    'µs',
    stops.map(({ estimate }) => estimate.value),
  );
  const drawn = stops.map(({ family, layer, subject, estimate: { value } }) => {
    const text = formatQuantity(value, 'µs');
    return { family, layer, value: value * factor, text, tip: tip(subject, `${subject}: ${text} of CPU per request`) };
  });
  const ways = families.map((family) => {
    const values = drawn.filter((point) => point.family === family).map(({ value }) => value);
    return { family, low: Math.min(...values), high: Math.max(...values), tip: tip('', '') };
  });
  const [shortest, longest] = [Math.min(...ways.map(({ low }) => low)), Math.max(...ways.map(({ high }) => high))];
  const own = stops.filter(({ family }) => family === families[0]);
  return [
    {
      state: 'drawn',
      answer: `${families[0]}: ${own.map(({ layer, estimate }) => `${layer} ${formatQuantity(estimate.value, 'µs')}`).join(' → ')}`,
      description: `One row a maker, one mark a layer, CPU per request. ${stops.map(({ subject, layer, estimate }) => `${subject} (${layer}): ${formatEstimate(estimate, 'µs')}`).join('; ')}.`,
      table: {
        kind: 'table',
        label: 'layers of each maker',
        head: 'Subject',
        columns: [{ title: 'CPU per request', unit: 'µs' }, { title: 'Layer' }],
        rows: stops.map(({ subject, layer, estimate }) => ({ head: subject, cells: [figureOf(estimate), layer] })),
      },
      spec: (width) => {
        const narrow = isNarrow(width);
        const isLog = longest > WIDE * shortest;
        const margin = (longest / shortest) ** (narrow ? 0.5 : 0.24);
        const domain = isLog
          ? ([shortest / margin, longest * margin] as const)
          : ([0, longest * (narrow ? 1.5 : 1.2)] as const);
        const axis = {
          title: `${suffix} of CPU per request${isLog ? ', logarithmic' : ''}`,
          domain,
          log: isLog,
          ticks: isLog ? logTicks(domain[0], domain[1], narrow ? 4 : 6) : 5,
          format: '~r',
        };
        const look = (key: 'colour' | 'shape') =>
          by(
            'layer',
            LAYERS,
            LAYERS.map((layer) => LAYER_LOOKS[layer][key]),
            { columns: 3 },
          );
        const rows = namedRows('family', families, false);
        return rowsView(
          width,
          { ...rows, height: families.length * (families.length > MANY ? 24 : 44) },
          { ...axis, legends: 1 },
          [
            whiskers(ways, 'var(--rule)'),
            points(drawn, { x: 'value' }, { size: 130, colour: look('colour'), shape: look('shape') }),
            // Of many makers the pointer tells the figures, and the table.
            ...(families.length > MANY ? [] : narrow ? NARROW_SIDES : SIDES).map(({ side, ...at }) =>
              words(
                drawn.filter((point) => sideOf(point, drawn) === side),
                { x: 'value' },
                { bold: true, ...at },
              ),
            ),
          ],
        );
      },
    },
  ];
}

/** Marks may lie close: the least is named to its left, the greatest to its right, what is between them below. */
const SIDES = [
  { side: 'least', align: 'right', dx: -10 },
  { side: 'greatest', align: 'left', dx: 10 },
  { side: 'between', align: 'center', dy: 16 },
] as const;
/** There is no room to the left of the least. */
const NARROW_SIDES = [{ side: 'least', align: 'center', dy: -16 }, SIDES[1], SIDES[2]] as const;

interface Point {
  readonly family: string;
  readonly value: number;
}

function sideOf(point: Point, all: readonly Point[]): (typeof SIDES)[number]['side'] {
  const row = all.filter(({ family }) => family === point.family).toSorted((a, b) => a.value - b.value);
  return point === row[0] ? 'least' : point === row.at(-1) ? 'greatest' : 'between';
}

export const layers: ChartDefinition = { name: 'layers', question: 'What does each step cost at each maker?', draw };
