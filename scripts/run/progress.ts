/** What a person sees on stderr while a run goes on: a live line in a terminal, one plain line a trial elsewhere. */
import { subjectName } from '#bench/model/scenario.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import type { PlannedTrial } from '#bench/plan/rounds.ts';

const BARS = '▁▂▃▄▅▆▇█';

export function sparkline(values: readonly number[]): string {
  const top = Math.max(...values);
  return values.map((v) => BARS[top > 0 ? Math.min(BARS.length - 1, Math.floor((v / top) * BARS.length)) : 0]).join('');
}

export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

export const rate = (n: number): string => (n >= 10_000 ? `${(n / 1_000).toFixed(1)} k/s` : `${n.toFixed(0)}/s`);

function outcome(trial: TrialRecord): string {
  switch (trial.state) {
    case 'completed': {
      const { proxy } = trial.probes;
      const perSecond = trial.load.requests / (trial.load.window / 1_000);
      const cost = proxy && proxy.requests > 0 ? `  ${(proxy.cpu / proxy.requests).toFixed(1)} µs CPU/request` : '';
      return `${rate(perSecond)}${cost}`;
    }
    case 'invalid':
      return `invalid: ${trial.reasons.map(({ message }) => message).join('; ')}`;
    case 'failed':
      return `failed: ${trial.error.message}`;
  }
}

export interface Progress {
  note(line: string): void;
  starting(trial: PlannedTrial): void;
  finished(trial: TrialRecord): void;
  /** So many trials more than were planned. */
  readonly adding: (trials: number) => void;
  /** What is being done, where trials are not counted: shown in a terminal until the next line. */
  doing(line: string): void;
  close(): void;
}

/** `stream` is stderr; a redraw happens only between trials, never inside a measured window. */
export function createProgress(stream: NodeJS.WriteStream, planned: number, estimate: number): Progress {
  let total = planned;
  const live = stream.isTTY;
  const startedAt = performance.now();
  const rates: number[] = [];
  let done = 0;
  const clear = (): void => void (live && stream.write('\r\x1b[2K'));
  const eta = (): string => {
    const elapsed = performance.now() - startedAt;
    return formatDuration(done === 0 ? estimate : (elapsed / done) * (total - done));
  };
  return {
    note(line) {
      clear();
      stream.write(`${line}\n`);
    },
    starting({ scenario, subject, round }) {
      if (!live) return;
      const line = ` ${String(done + 1).padStart(String(total).length)}/${total}  round ${round + 1}  ${scenario.name} · ${subjectName(subject)}  ${eta()} left  ${sparkline(rates.slice(-24))}`;
      clear();
      stream.write(line.slice(0, Math.max(20, stream.columns - 1)));
    },
    finished(trial) {
      done += 1;
      if (trial.state === 'completed') rates.push(trial.load.requests / trial.load.window);
      if (live && trial.state === 'completed') return;
      clear();
      const where = `${trial.scenario} · ${subjectName(trial.subject)}`;
      stream.write(
        `${String(done).padStart(String(total).length)}/${total}  round ${trial.round + 1}  ${where.padEnd(36)} ${outcome(trial)}\n`,
      );
    },
    adding: (trials) => void (total += trials),
    doing(line) {
      if (!live) return;
      clear();
      stream.write(` ${line}`.slice(0, Math.max(20, stream.columns - 1)));
    },
    close: clear,
  };
}
