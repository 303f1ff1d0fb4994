/** What a person sees on stderr while a run goes on: in a terminal a table whose figures settle, plain lines elsewhere. */
import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { lastOutputOf } from '#bench/analysis/verdict/failures.ts';
import { formatDuration, formatQuantity } from '#bench/analysis/words/quantity.ts';
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Observer } from '#bench/run/spec.ts';
import { settlingTable } from '#reports/content/settling.ts';
import { tableLines } from '#reports/terminal/blocks.ts';
import { fit, printable, terminalOf as within } from '#reports/terminal/text.ts';
import { terminalOf } from '../terminal.ts';

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

/** Lines at the foot of a terminal that are drawn over; what is written goes above them. */
class Foot {
  readonly #stream: NodeJS.WriteStream;
  #lines: readonly string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  erase(): void {
    if (this.#lines.length === 0) return;
    moveCursor(this.#stream, 0, 1 - this.#lines.length);
    cursorTo(this.#stream, 0);
    clearScreenDown(this.#stream);
    this.#lines = [];
  }

  /** As many of the last ones as the screen has rows for. */
  draw(lines: readonly string[]): void {
    this.erase();
    this.#lines = lines.slice(-Math.max(1, this.#stream.rows - 1));
    this.#stream.write(this.#lines.join('\n'));
  }
}

/** `stream` is stderr; a redraw happens only between turns, never inside one. */
export function createProgress(stream: NodeJS.WriteStream, planned: number, estimate: number): Observer {
  let total = planned;
  const startedAt = performance.now();
  const foot = stream.isTTY ? new Foot(stream) : undefined;
  const completed: CompletedTrial[] = [];
  let table: readonly string[] = [];
  let part = 0;
  let status = '';
  const left = (): string => {
    const elapsed = performance.now() - startedAt;
    return formatDuration(part < 2 ? estimate - elapsed : (elapsed / (part - 1)) * (total - part + 1));
  };
  const draw = (): void => {
    const { width } = within(terminalOf(stream));
    foot?.draw([...table, fit(` ${printable(status)}  ${left()} left`, width - 1)]);
  };
  const write = (text: string): void => {
    foot?.erase();
    stream.write(text);
    if (status !== '') draw();
  };
  const show = (line: string): void => {
    status = line;
    draw();
  };
  return {
    note: (line) => write(`${line}\n`),
    doing: show,
    starting(what) {
      part++;
      show(`${part}/${total}  ${what}`);
    },
    finished(trial) {
      if (foot && trial.state === 'completed') {
        completed.push(trial);
        table = ['', ...tableLines(settlingTable(completed), within(terminalOf(stream))), ''];
        return draw();
      }
      const where = `${trial.scenario} · ${subjectName(trial.subject)}`;
      write(
        `${String(part).padStart(String(total).length)}/${total}  ${where.padEnd(36)} ${outcome(trial)}\n${lastOutput(trial)}`,
      );
    },
    adding: (parts) => void (total += parts),
    close: () => foot?.erase(),
  };
}
