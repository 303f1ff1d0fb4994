/** Text of `trials.ndjson` → records. Pure; whoever has the file passes its text. */
import { isReadable, RunLine, SCHEMA_VERSION, type RunRecords } from './record.ts';

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
  const parsed = lines.map((line, index) => parseLine(line, index + 1));
  const [run, ...rest] = parsed;
  if (run?.record !== 'run')
    throw new RecordError('line 1: expected the run record, found none; is this a trials.ndjson?');
  const end = rest.find((line) => line.record === 'end');
  const calibration = rest.find((line) => line.record === 'calibration');
  const secondOpinion = rest.find((line) => line.record === 'second-opinion');
  const windows = rest.filter((line) => line.record === 'knee-window');
  const knees = rest.filter((line) => line.record === 'knee');
  return {
    torn,
    records: {
      run,
      subjects: rest.filter((line) => line.record === 'subject'),
      trials: rest.filter((line) => line.record === 'trial'),
      micro: rest.filter((line) => line.record === 'micro'),
      ...(windows.length > 0 && { windows }),
      ...(knees.length > 0 && { knees }),
      ...(calibration && { calibration }),
      ...(secondOpinion && { secondOpinion }),
      ...(end && { end }),
    },
  };
}

function parseLine(line: string, number: number): RunLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RecordError(`line ${number}: not JSON; the file is damaged before its last line`);
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (number === 1 && typeof schema === 'number' && !isReadable(schema))
    throw new RecordError(
      `schema version ${schema}: this hopcost reads versions up to ${SCHEMA_VERSION}; use the release that wrote it`,
    );
  const result = RunLine.safeParse(value);
  if (result.success) return result.data;
  const kind = (value as { record?: unknown } | null)?.record;
  const issue = result.error.issues[0];
  throw new RecordError(`line ${number}: not a valid ${String(kind)} record: ${issue?.message ?? 'unknown shape'}`);
}
