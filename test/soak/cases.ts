import { aborts } from './aborts.ts';
import type { Figures } from './case.ts';
import { drain } from './drain.ts';
import { earlyResponse } from './early-response.ts';
import { originDeath } from './origin-death.ts';
import { reloads } from './reloads.ts';
import { slowClients } from './slow-clients.ts';
import { stalledReader } from './stalled-reader.ts';
import { truncation } from './truncation.ts';

/** Every reliability case. Adding one is its file and a line here. */
export const cases: readonly {
  readonly name: string;
  readonly summary: string;
  readonly ci: object;
  readonly full: object;
  run(size: never, strict: boolean): Promise<Figures>;
}[] = [stalledReader, slowClients, aborts, originDeath, truncation, earlyResponse, drain, reloads];
