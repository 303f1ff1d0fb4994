/** What a person sees on stderr while a run goes on: a live line in a terminal, plain lines elsewhere. */
import { lastOutputOf } from '#bench/analysis/failures.ts';
import { formatDuration, formatQuantity } from '#bench/analysis/quantity.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Observer } from '#bench/run/spec.ts';

const BARS = '▁▂▃▄▅▆▇█';

export function sparkline(values: readonly number[]): string {
  const top = Math.max(...values);
  return values.map((v) => BARS[top > 0 ? Math.min(BARS.length - 1, Math.floor((v / top) * BARS.length)) : 0]).join('');
}

function outcome(trial: TrialRecord): string {
  switch (trial.state) {
    case 'completed': {
      const { proxy } = trial.probes;
      const perSecond = trial.load.requests / (trial.load.window / 1_000);
      const cost =
        proxy && proxy.requests > 0 ? `  ${formatQuantity(proxy.cpu / proxy.requests, 'µs')} of CPU per request` : '';
      return `${formatQuantity(perSecond, '/s')}${cost}`;
    }
    case 'invalid':
      return `invalid: ${trial.reasons.map(({ message }) => message).join('; ')}`;
    case 'failed':
      return `failed: ${trial.error.message}`;
  }
}

/** What a subject printed last, where its trial has it: a line each, indented. */
function lastOutput(trial: TrialRecord): string {
  const said = lastOutputOf(trial);
  return said === undefined ? '' : `its last lines:\n${said}`.replaceAll(/^/gm, '    ') + '\n';
}

/** `stream` is stderr; a redraw happens only between turns, never inside one. */
export function createProgress(stream: NodeJS.WriteStream, planned: number, estimate: number): Observer {
  let total = planned;
  const live = stream.isTTY;
  const startedAt = performance.now();
  const rates: number[] = [];
  let part = 0;
  const clear = (): void => void (live && stream.write('\r\x1b[2K'));
  const left = (): string => {
    const elapsed = performance.now() - startedAt;
    return formatDuration(part < 2 ? estimate - elapsed : (elapsed / (part - 1)) * (total - part + 1));
  };
  const show = (line: string): void => {
    if (!live) return;
    clear();
    stream.write(` ${line}`.slice(0, Math.max(20, stream.columns - 1)));
  };
  return {
    note(line) {
      clear();
      stream.write(`${line}\n`);
    },
    doing: (line) => show(`${line}  ${left()} left  ${sparkline(rates.slice(-24))}`),
    starting(what) {
      part++;
      show(`${part}/${total}  ${what}  ${left()} left  ${sparkline(rates.slice(-24))}`);
    },
    finished(trial) {
      if (trial.state === 'completed') rates.push(trial.load.requests / trial.load.window);
      if (live && trial.state === 'completed') return;
      clear();
      const where = `${trial.scenario} · ${subjectName(trial.subject)}`;
      stream.write(
        `${String(part).padStart(String(total).length)}/${total}  ${where.padEnd(36)} ${outcome(trial)}\n${lastOutput(trial)}`,
      );
    },
    adding: (parts) => void (total += parts),
    close: clear,
  };
}
