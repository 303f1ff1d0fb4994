import { Command } from 'commander';
import { SUITES, runMicro } from '#bench/micro/run.ts';
import { known } from '../nearest.ts';
import { parseDuration, parseList } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { EXIT } from '../exit.ts';

export const microCommand = (): Command =>
  new Command('micro')
    .description('what parsing, rewriting, routing, recording and pacing cost, in nanoseconds per operation')
    .option('--suites <a,b>', `of ${SUITES.map(({ name }) => name).join(', ')} (default all)`)
    .option('--duration <time>', 'measured time of a task, after as long a warm-up', '300ms')
    .option('--json', 'one record a line, as in trials.ndjson')
    .action(async (flags: { suites?: string; duration: string; json?: boolean }) => {
      const names = SUITES.map(({ name }) => name);
      const chosen = parseList(flags.suites ?? names.join(',')).map((name) => known('suite', name, names));
      const time = parseDuration('--duration', flags.duration, 10, 60_000);
      using interruption = onInterrupt();
      const { signal } = interruption;
      if (!flags.json) process.stdout.write(`${'ns/op'.padStart(10)}  ${'95 % interval'.padEnd(19)}  operation\n`);
      try {
        await runMicro(
          {
            suites: SUITES.filter(({ name }) => chosen.includes(name)),
            time,
            onResult(record) {
              const { suite, task, median, low, high } = record;
              process.stdout.write(
                flags.json
                  ? `${JSON.stringify(record)}\n`
                  : `${median.toFixed(1).padStart(10)}  ${`${low.toFixed(1)} – ${high.toFixed(1)}`.padEnd(19)}  ${suite}: ${task}\n`,
              );
            },
          },
          signal,
        );
      } catch (error) {
        if (!signal.aborted) throw error;
        process.exitCode = EXIT.interrupted;
      }
    });
