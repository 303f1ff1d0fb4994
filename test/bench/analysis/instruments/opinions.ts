/** Second opinions with known rates and costs, to be spoiled one thing at a time. */
import type { SecondOpinionRecord } from '#bench/model/record.ts';

type Tool = SecondOpinionRecord['targets'][number]['tools'][number];

/** Three windows that scatter by one percent about the rate; costs in microseconds. */
export const tool = (name: string, rate: number, cost: { own: number; origin?: number } = { own: 20 }): Tool => ({
  tool: name,
  version: '1.0',
  windows: [0.99, 1.01, 1].map((scatter, round) => ({
    round,
    rate: rate * scatter,
    counted: rate * scatter * 1.001,
    cpuPerRequest: cost.own,
    originCpuPerRequest: cost.origin ?? 10,
    failed: 0,
  })),
});

export const record = (
  tools: readonly Tool[],
  setBy: 'target' | 'cost' = 'target',
  more: Partial<SecondOpinionRecord> = {},
): SecondOpinionRecord => ({
  record: 'second-opinion',
  sharedCores: false,
  host: { steal: 0, foreign: 0.01 },
  targets: [
    {
      name: setBy === 'target' ? 'rate set by the target' : 'saturated',
      path: setBy === 'target' ? '/exactly/5' : '/bytes/200',
      connections: 10,
      setBy,
      tools: [...tools],
    },
  ],
  missing: [],
  ...more,
});
