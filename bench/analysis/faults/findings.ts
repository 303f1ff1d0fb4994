/** What was found of each fault, in one sentence: with policies where there are any, the least hurt first. */
import type { Finding } from '../findings/finding.ts';
import { counted, formatEstimate, integer } from '../words/quantity.ts';
import type { FaultGroup, FaultResult, FaultRow, Faults } from './faults.ts';
import { seconds } from './words.ts';

/** So many subjects are named. */
const NAMED = 5;

export function faultFindings(faults: Faults | undefined): Finding[] {
  if (!faults) return [];
  const groups = faults.groups.filter(({ fault }) => fault.trouble);
  return [...overall(groups), ...groups.flatMap(groupFinding), ...priceFinding(faults)];
}

/** Of how many faults users noticed nothing, the best first; of several faults alone. */
function overall(groups: readonly FaultGroup[]): Finding[] {
  if (groups.length < 2) return [];
  const rows = groups.flatMap(({ rows: all }) => all.filter(({ subject }) => subject !== 'direct'));
  const isOn = rows.some(({ policies }) => policies === 'on');
  const own = rows.filter(({ policies, result }) => (policies === 'on') === isOn && result !== null);
  const counts = [...Map.groupBy(own, ({ subject }) => subject)]
    .map(([subject, all]) => ({
      subject,
      held: all.filter(({ result }) => result!.verdict === 'held').length,
      of: all.length,
      disturbed: all.filter(({ result }) => result!.disturbed > 0).length,
    }))
    .toSorted((a, b) => b.held / b.of - a.held / a.of || b.of - a.of);
  if (counts.length === 0) return [];
  const words = counts.map(({ subject, held, of }) => `${subject} in ${held} of ${of}`).join(', ');
  const sentence = `${isOn ? 'With their policies' : 'Without policies'}, users noticed nothing of what broke: ${words}.`;
  const isDisturbed = counts.some(({ disturbed }) => disturbed > 0);
  const beside = isDisturbed ? ' Others used this host meanwhile.' : '';
  return [finding(`${sentence}${beside}`, groups[0]!.fault.name, isDisturbed ? 'note' : 'look')];
}

const finding = (sentence: string, scenario: string, strength: Finding['strength'] = 'look'): Finding => ({
  sentence,
  strength,
  restsOn: [],
  scenario,
  part: 'faults',
});

function groupFinding({ fault, rows }: FaultGroup): Finding[] {
  const proxies = rows.filter(
    (row): row is FaultRow & { result: FaultResult } => row.result !== null && row.subject !== 'direct',
  );
  const own = proxies.filter(({ policies }) => policies === 'on');
  const told = (own.length > 0 ? own : proxies).toSorted((a, b) => hurtOf(a.result) - hurtOf(b.result));
  if (told.length === 0) return [];
  const direct = rows.find(({ subject }) => subject === 'direct')?.result;
  const words = told.slice(0, NAMED).map(({ subject, result }) => `${subject} ${resultWords(result)}`);
  const more = told.length > NAMED ? `; ${counted(told.length - NAMED, 'other')} in the table` : '';
  const alone = direct ? ` Without a proxy ${resultWords(direct)}, of users of that origin.` : '';
  const disturbed = told.filter(({ result }) => result.disturbed > 0).length;
  const beside =
    disturbed === 0 ? '' : ` Others used this host meanwhile in trials of ${disturbed} of ${told.length} proxies.`;
  const sentence = `${fault.name}: ${words.join('; ')}${more}.${alone}${beside}`;
  return [finding(sentence, fault.name, disturbed > 0 ? 'note' : 'look')];
}

const hurtOf = ({ failed, late, scheduled }: FaultResult): number => (failed + late) / Math.max(1, scheduled);

/** 'failed none', 'failed 12 of 3,000 for 1.20 s, 4 late'. */
function resultWords({ failed, late, scheduled, failedFor }: FaultResult): string {
  const lateWords = late > 0 ? `, ${integer(late)} late` : '';
  if (failed === 0) return `failed none${lateWords}`;
  return `failed ${integer(failed)} of ${integer(scheduled)} for ${seconds(failedFor ?? 0)}${lateWords}`;
}

function priceFinding({ prices }: Faults): Finding[] {
  if (prices.length === 0) return [];
  const words = prices.map(({ subject, ratio }) => `${subject} ${formatEstimate(ratio, 'ratio')}`);
  return [finding(`With nothing wrong, CPU per request with the policies over without: ${words.join(', ')}.`, 'calm')];
}
