/** What a run is told of the program that starts it. */
import type { Surroundings } from '#bench/run/spec.ts';
import { revision, version } from '../version.ts';
import { createProgress } from './progress.ts';

export const surroundings = (): Surroundings => ({
  hopcost: version,
  revision: revision(),
  command: ['hopcost', ...process.argv.slice(2)],
  observe: (parts, estimate) => createProgress(process.stderr, parts, estimate),
});
