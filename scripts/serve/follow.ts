/** Follows one run's append-only records: each asking reads what was added since the last one, and nothing in between. */
import { join } from 'node:path';
import type { TrialRow } from '#bench/analysis/analysis.ts';
import { trialRow } from '#bench/analysis/verdict/trial-row.ts';
import {
  type EndRecord,
  type KneeRecord,
  type KneeWindowRecord,
  RunLine,
  type RunRecord,
  type SubjectRecord,
} from '#bench/model/record.ts';
import { baseName, hopName, subjectName } from '#bench/model/scenario.ts';
import { planGate } from '#bench/gate/plan.ts';
import { applies, factsOf, fitSubjects } from '#bench/plan/applies.ts';
import { typicalWindows } from '#bench/plan/knee.ts';
import { planGenerations } from '#bench/plan/generations.ts';
import { proxies } from '#proxies/registry.ts';
import { type LiveState, liveState } from '#reports/live.ts';
import { openRecords, RECORDS_FILE } from '#bench/run/record-log.ts';

export class Follower {
  readonly #file: string;
  #offset = 0;
  #run: RunRecord | undefined;
  #end: EndRecord | undefined;
  readonly #subjects: SubjectRecord[] = [];
  readonly #trials: TrialRow[] = [];
  readonly #windows: KneeWindowRecord[] = [];
  readonly #knees: KneeRecord[] = [];
  /** Subject and scenario that were seen to run twice a round: after the first round the plan is known whole. */
  readonly #again = new Set<string>();
  #reading: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#file = join(folder, RECORDS_FILE);
  }

  /** Undefined before the run's first record is whole. Rejects where the file cannot be read or holds no records. */
  async state(): Promise<LiveState | undefined> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#readOn()); // one reader at a time
    await this.#reading;
    if (!this.#run) return undefined;
    const planned = Math.max(this.#planned(this.#run), this.#trials.length) + this.#plannedWindows(this.#run);
    return liveState({ run: this.#run, trials: this.#trials, windows: this.#windows, end: this.#end }, planned);
  }

  async #readOn(): Promise<void> {
    await using file = await openRecords(this.#file);
    const { size } = await file.stat();
    if (size <= this.#offset) return;
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - this.#offset),
      0,
      size - this.#offset,
      this.#offset,
    );
    // A line is written whole, in ASCII-safe JSON or not: cut at the last line feed in octets, not in letters.
    const end = buffer.lastIndexOf(0x0a, bytesRead - 1) + 1;
    this.#offset += end;
    for (const line of buffer.toString('utf8', 0, end).split('\n'))
      if (line !== '') this.#take(RunLine.parse(JSON.parse(line)));
  }

  #take(record: RunLine): void {
    switch (record.record) {
      case 'run':
        this.#run = record;
        break;
      case 'subject':
        this.#subjects.push(record);
        break;
      case 'trial':
        if (record.subject.again) this.#again.add(JSON.stringify([baseName(record.subject), record.scenario]));
        this.#trials.push(
          trialRow(
            record,
            this.#run?.scenarios.find(({ name }) => name === record.scenario),
          ),
        );
        break;
      case 'end':
        this.#end = record;
        break;
      case 'knee-window':
        this.#windows.push(record);
        break;
      case 'knee':
        this.#knees.push(record);
        break;
      case 'calibration':
      case 'second-opinion':
      case 'micro':
      case 'fault-trial': // shown in the report alone
        break;
    }
  }

  /** Subjects that failed their preflight are not measured. */
  #planned({ preset, scenarios, rounds, seed }: RunRecord): number {
    if (preset === 'gate') return this.#plannedGate(scenarios, rounds, seed);
    const subjects = fitSubjects(this.#subjects).map((record) => ({
      ...factsOf(record, proxies.get(hopName(record.subject))?.capabilities),
      again: scenarios
        .map(({ name }) => name)
        .filter((name) => this.#again.has(JSON.stringify([baseName(record.subject), name]))),
    }));
    return planGenerations({ scenarios, subjects, generations: rounds, seed }).flat().length;
  }

  /** Those of the searches that are over, and for each other one as many as are usual. */
  #plannedWindows({ search, scenarios }: RunRecord): number {
    if (!search) return 0;
    const subjects = fitSubjects(this.#subjects).map((record) => ({
      name: subjectName(record.subject),
      facts: factsOf(record, proxies.get(hopName(record.subject))?.capabilities ?? new Set<string>()),
    }));
    const expected = scenarios
      .filter(({ name }) => search.scenarios.includes(name))
      .flatMap((scenario) =>
        subjects
          .filter(({ facts }) => applies(scenario, facts))
          .map(({ name }) => this.#expectedWindows(scenario.name, name)),
      );
    return Math.max(
      this.#windows.length,
      expected.reduce((sum, windows) => sum + windows, 0),
    );
  }

  #expectedWindows(scenario: string, name: string): number {
    const isIts = (one: Pick<KneeRecord, 'scenario' | 'subject'>): boolean =>
      one.scenario === scenario && subjectName(one.subject) === name;
    const over = this.#knees.find(isIts);
    return over?.windows ?? Math.max(typicalWindows(), this.#windows.filter(({ trial }) => isIts(trial)).length);
  }

  /** Its first look; the second one is not known beforehand. */
  #plannedGate(scenarios: RunRecord['scenarios'], rounds: number, seed: number): number {
    const heads = this.#subjects.filter(({ subject }) => subject.kind === 'proxy' && subject.side === 'head');
    const facts = heads.map((record) => factsOf(record, proxies.get(hopName(record.subject))?.capabilities));
    return planGate({
      subjects: heads.map(({ subject }) => ({ name: hopName(subject), sides: this.#sidesOf(hopName(subject)) })),
      scenarios,
      carries: (scenario, name) =>
        applies(scenario, facts[heads.findIndex(({ subject }) => hopName(subject) === name)]!),
      rounds,
      seed,
    }).flat().length;
  }

  #sidesOf(name: string): ('base' | 'head')[] {
    return this.#subjects.flatMap(({ subject }) =>
      subject.kind === 'proxy' && subject.name === name && subject.side !== undefined ? [subject.side] : [],
    );
  }
}
