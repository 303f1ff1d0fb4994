/** Every load driver, by name. */
import type { LoadJob } from '#bench/model/load.ts';
import { driver as autocannon } from './autocannon/driver.ts';
import type { LoadDriver } from './contract.ts';
import { driver as http1 } from './http1/driver.ts';
import { driver as http2 } from './http2/driver.ts';
import { driver as tcp } from './tcp/driver.ts';

export const drivers = { http1, http2, tcp, autocannon } satisfies Record<LoadJob['driver'], LoadDriver>;
