/** Every chart of the page, in its order; the next one is one more line. The waterfall stands with the explanation of L4 and L7. */
import { chains } from './chains.ts';
import type { Chart } from './chart.ts';
import { cpuPerRequest } from './cpu-per-request.ts';
import { forest } from './forest.ts';
import { history } from './history.ts';
import { knee } from './knee.ts';
import { latencyByPercentile } from './latency-by-percentile.ts';
import { latencyHeatmap } from './latency-heatmap.ts';
import { layers } from './layers.ts';
import { memory } from './memory.ts';
import { noise } from './noise.ts';
import { overTime } from './over-time.ts';
import { rateLatency } from './rate-latency.ts';
import { throughput } from './throughput.ts';
import { waterfall } from './waterfall.ts';

export const explanationCharts: readonly Chart[] = [waterfall];
export const charts: readonly Chart[] = [
  cpuPerRequest,
  layers,
  chains,
  latencyByPercentile,
  rateLatency,
  knee,
  throughput,
  forest,
  memory,
  overTime,
  latencyHeatmap,
  noise,
  history,
];
