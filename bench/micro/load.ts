/** The generator's own work per request: it must stay far below what it measures. */
import { Histogram } from '#bench/load/histogram.ts';
import { arrivalsOf, pace } from '#bench/load/pacer.ts';
import { perSecond } from '#bench/model/units.ts';
import type { MicroSuite } from './suite.ts';

const histogram = new Histogram();
const uniform = arrivalsOf({ offered: perSecond(10_000), arrivals: 'uniform' }, { index: 0, count: 1 }, 1);
const poisson = arrivalsOf({ offered: perSecond(10_000), arrivals: 'poisson' }, { index: 0, count: 1 }, 1);

export const suite: MicroSuite = {
  name: 'load',
  tasks: [
    {
      name: 'record one service time',
      perRequest: 0,
      run(times) {
        let value = 40_000;
        for (let i = 0; i < times; i++) {
          value = (value * 1_103 + 12_345) % 5_000_000;
          histogram.record(value);
        }
        return value;
      },
    },
    {
      name: 'pace, uniform arrivals',
      perRequest: 0,
      run(times) {
        let sum = 0;
        for (let i = 0; i < times; i++) sum += pace(uniform, uniform.take());
        return sum;
      },
    },
    {
      name: 'pace, Poisson arrivals',
      perRequest: 0,
      run(times) {
        let sum = 0;
        for (let i = 0; i < times; i++) sum += pace(poisson, poisson.take());
        return sum;
      },
    },
  ],
};
