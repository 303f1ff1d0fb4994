/** Every chart of the page, in its order; the next one is one more line. */
import type { Chart } from './chart.ts';
import { cpuPerRequest } from './cpu-per-request.ts';
import { latencyByPercentile } from './latency-by-percentile.ts';
import { memory } from './memory.ts';
import { throughput } from './throughput.ts';

export const charts: readonly Chart[] = [cpuPerRequest, latencyByPercentile, throughput, memory];
