/** How correct each subject is, what it ran with, exactly, and what of the neutral intent it does otherwise. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import { hopsOf, subjectName } from '#bench/model/scenario.ts';
import { type Block, type Cell, type Fold, type Item, paragraph, type Section } from '../document/tree.ts';
import { inLayers } from './comparison.ts';
import { groupOf } from './groups.ts';

type Check = SubjectRecord['preflight'][number];
type Outcome = 'kept' | 'deviates' | 'failed';

const DEVIATES = 'known to deviate: ';

/** A rule that is known to be kept otherwise, and any of a user's own proxy, is told and no reason not to measure. */
function outcomeOf({ passed, detail, deviates }: Check): Outcome {
  if (!passed) return 'failed';
  return deviates || detail.startsWith(DEVIATES) ? 'deviates' : 'kept';
}

const count = (checks: readonly Check[], outcome: Outcome): number =>
  checks.filter((check) => outcomeOf(check) === outcome).length;

/** From so many proxies on a reader asks which of them are correct. */
const MANY = 6;
const LOAD = 'Carries the load';
const sectionOf = ({ section = LOAD }: Check): string => section;

const anchorOf = (record: SubjectRecord): string => `subject-${subjectName(record.subject)}`;

/** ✓ kept, ⚠ so many kept otherwise, ✗ so many failed; a row a proxy, a column a group of rules. */
export function conformanceSection(analysis: Analysis): Section[] {
  const proxies = inLayers(analysis).filter(
    ({ layer, preflight, subject }) => layer !== 'direct' && preflight.length > 0 && hopsOf(subject) === 1,
  );
  if (proxies.length < MANY) return [];
  const sections = [...new Set(proxies.flatMap(({ preflight }) => preflight.map(sectionOf)))];
  return [
    {
      kind: 'section',
      id: 'conformance',
      title: 'Which of them are correct?',
      short: 'Conformance',
      isLong: true,
      blocks: [
        {
          kind: 'table',
          label: 'rules kept by each proxy',
          head: 'Proxy',
          columns: sections.map((title) => ({ title })),
          rows: proxies.map((record) => ({
            head: subjectName(record.subject),
            to: anchorOf(record),
            group: groupOf(record),
            cells: sections.map((section) =>
              matrixCell(
                record.preflight.filter((check) => sectionOf(check) === section),
                anchorOf(record),
              ),
            ),
          })),
          grouped: true,
        },
        paragraph('✓ all kept; ⚠ so many kept otherwise than the rule asks; ✗ so many failed.', 'soft'),
      ],
    },
  ];
}

function matrixCell(checks: readonly Check[], to: string): Cell {
  if (checks.length === 0) return null;
  const [failed, otherwise] = [count(checks, 'failed'), count(checks, 'deviates')];
  if (failed > 0)
    return { badge: { word: `✗${failed}`, tone: 'bad', meaning: `${failed} of ${checks.length} failed` }, to };
  if (otherwise > 0)
    return {
      badge: { word: `⚠${otherwise}`, tone: 'care', meaning: `${otherwise} of ${checks.length} kept otherwise` },
      to,
    };
  return { badge: { word: '✓', tone: 'good', meaning: `all ${counted(checks.length, 'rule')} kept` } };
}

export const subjectsFold = ({ subjects, run: { leftOut = [] } }: Analysis): Fold => ({
  kind: 'fold',
  id: 'configs',
  title: 'Subjects and their configuration',
  note: 'version, checks, what each ran with',
  blocks: [
    paragraph(
      'One neutral intent is put into each subject’s own configuration. What differs from it: limits and timeouts that a proxy is not given, and rules of the protocol that it is known to keep otherwise. Neither was reason not to measure it.',
      'soft',
    ),
    ...subjects.map(subjectFold),
    ...(leftOut.length === 0
      ? []
      : [{ kind: 'items', items: leftOut.map((line) => ({ text: `Left out: ${line}` })) } as const]),
  ],
});

function subjectFold(record: SubjectRecord): Fold {
  const { subject, summary, version, nativeConfig, preflight, lacks = [], keepsOwn = [], external } = record;
  const differing = count(preflight, 'deviates') + keepsOwn.length + lacks.length;
  const notes = [
    groupOf(record),
    ...(version === '' ? [] : [version]),
    proof(preflight),
    ...(differing > 0 ? [counted(differing, 'difference')] : []),
  ];
  return {
    kind: 'fold',
    id: anchorOf(record),
    title: subjectName(subject),
    note: notes.join(', '),
    blocks: [
      paragraph([summary, ...(external?.notes ?? []).map((note) => ` It ${note}.`)].join('')),
      ...preflight
        .filter((check) => outcomeOf(check) === 'failed')
        .map(({ rule, detail }) => paragraph(`${rule}: ${detail}`, 'alert')),
      ...differences(record),
      nativeConfig === '' ? paragraph('no configuration of its own', 'soft') : { kind: 'code', text: nativeConfig },
    ],
  };
}

function proof(checks: readonly Check[]): string {
  if (checks.length === 0) return 'no preflight';
  const failed = count(checks, 'failed');
  if (failed > 0) return `preflight: ${failed} of ${counted(checks.length, 'check')} failed, not measured`;
  const broken = checks.filter(({ deviates }) => deviates).length;
  return broken > 0
    ? `preflight: ${counted(broken, 'rule')} of ${checks.length} not kept`
    : `preflight: all ${counted(checks.length, 'check')} passed`;
}

/** Not the first letter of a name: 'node:tls'. */
const capital = (text: string): string => (/^[a-z]+ /.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text);

/** Rules that are kept otherwise for the same reason stand together. */
function differences({ lacks = [], keepsOwn = [], preflight }: SubjectRecord): Block[] {
  const otherwise = preflight.filter((check) => outcomeOf(check) === 'deviates');
  const known = Map.groupBy(
    otherwise.filter(({ deviates }) => !deviates),
    ({ detail }) => detail.slice(DEVIATES.length),
  );
  const items: Item[] = [
    ...lacks.map(({ feature, scenarios }): Item => ({
      text: [`Not measured in ${scenarios.join(', ')}: it has no `, { code: feature }],
    })),
    ...(keepsOwn.length > 0
      ? [
          {
            text: [
              'Not given to it, its own hold: ',
              ...keepsOwn.flatMap((name, i) => [i > 0 ? ', ' : '', { code: name }]),
            ],
          },
        ]
      : []),
    ...otherwise
      .filter(({ deviates }) => deviates)
      .map(({ rule, detail }) => ({ text: `Not kept: ${rule}: ${detail}` })),
    ...[...known].map(([reason, checks]) => ({
      text: `${capital(reason)}: ${checks.map(({ rule }) => rule).join('; ')}`,
    })),
  ];
  return items.length === 0 ? [] : [{ kind: 'items', items }];
}
