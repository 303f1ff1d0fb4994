/** Every chart, by where it stands in the report; the next one is one more line. */
import { chains } from './chains.ts';
import type { ChartDefinition } from './chart.ts';
import { cpuPerRequest } from './cpu-per-request.ts';
import { addedP50, addedP99, ratios } from './forest.ts';
import { history } from './history.ts';
import { knee } from './knee.ts';
import { latencyByPercentile } from './latency-by-percentile.ts';
import { latencyHeatmap } from './latency-heatmap.ts';
import { layers } from './layers.ts';
import { memory } from './memory.ts';
import { noise } from './noise.ts';
import { overTime } from './over-time.ts';
import { rateLatency } from './rate-latency.ts';
import { throughput, throughputTls } from './throughput.ts';
import { waterfall } from './waterfall.ts';

/** The one picture of the answer: the first that this run can draw. */
export const pictures: readonly ChartDefinition[] = [cpuPerRequest, knee, addedP50];
/** What a run is asked for by a flag of its own comes first; the first stands below the picture. */
export const front: readonly ChartDefinition[] = [
  history,
  knee,
  rateLatency,
  chains,
  latencyByPercentile,
  layers,
  throughput,
  ratios,
  addedP50,
];
/** Of these, what has a row a subject: where those are many, others say enough. */
export const alsoBehind: readonly ChartDefinition[] = [throughput, ratios];
export const behind: readonly ChartDefinition[] = [throughputTls, addedP99, memory, overTime, latencyHeatmap, noise];
/** With the explanation of L4 and L7. */
export const explanation: readonly ChartDefinition[] = [waterfall];

export const allCharts: readonly ChartDefinition[] = [cpuPerRequest, ...front, ...behind, ...explanation];
