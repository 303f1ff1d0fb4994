/** Every load driver, by name. */
import type { LoadJob } from '#bench/model/load.ts';
import type { LoadDriver } from './contract.ts';
import { driver as http1 } from './http1/driver.ts';

export const drivers = { http1, tcp: http1, autocannon: http1 } as unknown as Readonly<
  Record<LoadJob['driver'], LoadDriver>
>;
