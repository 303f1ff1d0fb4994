/** Text of `trials.ndjson` → records. Pure; whoever has the file passes its text. */
import { RunLine, SCHEMA_VERSION, type RunRecords } from './record.ts';
import { isReadable, upgradeLine } from './upgrade.ts';

/** The file is not what a run writes: which line, what was expected, what came. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

export interface ReadRecords {
  readonly records: RunRecords;
  /** True when the last line was cut short (the writer died in it); that line is left out, the others stand. */
  readonly torn: boolean;
}

/** Throws `RecordError` on any other damage: a record in the middle is never skipped silently. */
export function readRecords(text: string): ReadRecords {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  const values = lines.map((line, index) => parseJson(line, index + 1));
  const origin = originOf(values[0]);
  const [run, ...rest] = values.map((value, index) => parseLine(upgradeLine(value, ...origin), index + 1));
  if (run?.record !== 'run')
    throw new RecordError('line 1: expected the run record, found none; is this a trials.ndjson?');
  const end = rest.find((line) => line.record === 'end');
  const calibration = rest.find((line) => line.record === 'calibration');
  const secondOpinion = rest.find((line) => line.record === 'second-opinion');
  const windows = rest.filter((line) => line.record === 'knee-window');
  const knees = rest.filter((line) => line.record === 'knee');
  const faults = rest.filter((line) => line.record === 'fault-trial');
  return {
    torn,
    records: {
      run,
      subjects: rest.filter((line) => line.record === 'subject'),
      trials: rest.filter((line) => line.record === 'trial'),
      micro: rest.filter((line) => line.record === 'micro'),
      ...(windows.length > 0 && { windows }),
      ...(knees.length > 0 && { knees }),
      ...(faults.length > 0 && { faults }),
      ...(calibration && { calibration }),
      ...(secondOpinion && { secondOpinion }),
      ...(end && { end }),
    },
  };
}

function parseJson(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new RecordError(`line ${number}: not JSON; the file is damaged before its last line`);
  }
}

/** Version of the file, and the Node that its run was on. */
function originOf(first: unknown): [schema: number, node: string] {
  const { schema, environment } = (first ?? {}) as { schema?: unknown; environment?: { node?: unknown } };
  if (typeof schema !== 'number') return [SCHEMA_VERSION, ''];
  if (!isReadable(schema))
    throw new RecordError(
      `schema version ${schema}: this hopcost reads versions up to ${SCHEMA_VERSION}; use the release that wrote it`,
    );
  return [schema, String(environment?.node)];
}

function parseLine(value: unknown, number: number): RunLine {
  const result = RunLine.safeParse(value);
  if (result.success) return result.data;
  const kind = (value as { record?: unknown } | null)?.record;
  const issue = result.error.issues[0];
  throw new RecordError(`line ${number}: not a valid ${String(kind)} record: ${issue?.message ?? 'unknown shape'}`);
}
