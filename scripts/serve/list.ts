/** The runs of a folder, each as a line of the list: from the two ends of its records, and from its report where there is one. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName, referenceName } from '#bench/analysis/scenarios/roles.ts';
import { explain } from '#bench/model/errors.ts';
import { RunLine } from '#bench/model/record.ts';
import { openRecords, RECORDS_FILE } from '#bench/run/record-log.ts';
import type { ListedRun, SkippedRun } from '#reports/html/runs.ts';

export interface RunList {
  /** Newest first. */
  readonly runs: readonly ListedRun[];
  /** Folders with records that cannot be shown, and why. Folders without records are no runs. */
  readonly skipped: readonly SkippedRun[];
}

export async function listRuns(folder: string): Promise<RunList> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const skipped: SkippedRun[] = [];
  const runs = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) =>
        describe(folder, name).catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') skipped.push({ name, reason: explain(error) });
          return undefined;
        }),
      ),
  );
  return {
    runs: runs.filter((run) => run !== undefined).toSorted((a, b) => b.startedAt.localeCompare(a.startedAt)),
    skipped: skipped.toSorted((a, b) => a.name.localeCompare(b.name)),
  };
}

const HEAD = 1 << 20;
const TAIL = 1_024;

/** From the two ends of the file: a long run is not read whole for its line in the list. */
async function describe(folder: string, name: string): Promise<ListedRun> {
  await using file = await openRecords(join(folder, name, RECORDS_FILE));
  const { size } = await file.stat();
  const part = async (length: number, at: number): Promise<string> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    return buffer.toString('utf8', 0, bytesRead);
  };
  const [first] = (await part(Math.min(size, HEAD), 0)).split('\n');
  const run = RunLine.safeParse(jsonOf(first!)).data;
  if (run?.record !== 'run') throw new Error(`${RECORDS_FILE} does not begin with the record of a run`);
  const last = (await part(Math.min(size, TAIL), Math.max(0, size - TAIL))).trimEnd().split('\n').at(-1)!;
  const end = /^\{"record":"end","state":"(completed|interrupted)"/.exec(last)?.[1] as
    'completed' | 'interrupted' | undefined;
  const report = await stat(join(folder, name, 'report.html')).catch(() => undefined);
  return {
    name,
    preset: run.preset,
    startedAt: run.startedAt,
    state: end ?? 'running or unfinished',
    hasReport: report?.isFile() ?? false,
    costs: end === undefined ? {} : await costsOf(join(folder, name, 'report.json')),
  };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

type Costs = ListedRun['costs'];
/** By file, as long as it stays what it was. */
const known = new Map<string, { readonly mtimeMs: number; readonly costs: Costs }>();

/** Empty where there is no report that tells them: a list is no place to be strict. */
async function costsOf(file: string): Promise<Costs> {
  try {
    const { mtimeMs } = await stat(file);
    const before = known.get(file);
    if (before?.mtimeMs === mtimeMs) return before.costs;
    const { run, subjects, trials } = JSON.parse(await readFile(file, 'utf8')) as Pick<
      Analysis,
      'run' | 'subjects' | 'trials'
    >;
    const scenario = mainScenarioName(run.scenarios, false);
    const of = (layer: 'l4' | 'l7'): readonly number[] => {
      const subject = referenceName(subjects, { layer, tls: false });
      return trials
        .filter((trial) => trial.scenario === scenario && trial.subject === subject)
        .flatMap(({ figures }) => figures.cpuPerRequest ?? []);
    };
    const costs = { l4: of('l4'), l7: of('l7') };
    known.set(file, { mtimeMs, costs });
    return costs;
  } catch {
    return {};
  }
}
