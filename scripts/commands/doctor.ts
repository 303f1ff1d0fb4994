import { Command } from 'commander';
import { examineHost } from '#bench/lab/doctor.ts';
import { instructionsAvailability } from '#bench/probes/instructions.ts';
import { EXIT } from '../exit.ts';
import { painter } from '#reports/terminal/text.ts';
import { wantsColour } from '../terminal.ts';

const MARKS = { good: ['✓', 'green'], poor: ['!', 'yellow'], bad: ['✗', 'red'], unknown: ['?', 'dim'] } as const;

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('is this host fit to measure, and what to change; exit 3 where figures would mislead')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examineHost(await instructionsAvailability());
      if (json) {
        process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
      } else {
        const paint = painter(wantsColour(process.stdout));
        for (const { check, state, found, advice } of findings) {
          const [mark, style] = MARKS[state];
          process.stdout.write(`${paint(style, mark)} ${check.padEnd(24)} ${found}\n`);
          if (advice !== undefined && state !== 'good') process.stdout.write(`  ${' '.repeat(24)} → ${advice}\n`);
        }
        const count = (state: keyof typeof MARKS): number => findings.filter((f) => f.state === state).length;
        process.stdout.write(
          `\n${count('good')} good, ${count('poor')} poor, ${count('bad')} bad, ${count('unknown')} unknown\n`,
        );
      }
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = EXIT.unfit;
    });
