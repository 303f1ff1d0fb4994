/**
 * What is broken, and when. Three origins of 400 requests a second each; users send two fifths of what those carry, so that two of them are
 * enough. Every script is short and leaves time to recover; by `atRepeat` its steps come a little later, by the seed, so that no proxy's
 * own clock of checks runs in step with it.
 */
import { mulberry32 } from '#proxies/platform/random.ts';
import type { FaultAct, FaultScenario, FaultStep } from '#bench/model/fault.ts';
import { millis, perSecond } from '#bench/model/units.ts';

const ORIGINS = 3;
const CAPACITY = { slots: 8, service: millis(20) } as const;
/** Requests a second that all origins carry together. */
const KNEE = (ORIGINS * CAPACITY.slots * 1_000) / CAPACITY.service;
const WINDOW = millis(5_000);
/** What comes back cold takes so many times as long at first, and is itself after so long. */
const COLD = { kind: 'cold', factor: 10, over: millis(2_000) } as const;
/** Most by which a repeat's steps are late. */
const SHIFT = 50;

const step = (at: number, act: FaultAct): FaultStep => ({ at: millis(at), act });
const between = (from: number, to: number) => ({ from: millis(from), to: millis(to) });
const steer = (at: number, condition: Extract<FaultAct, { kind: 'steer' }>['condition']): FaultStep =>
  step(at, { kind: 'steer', origin: 0, condition });

type Script = Pick<FaultScenario, 'name' | 'summary' | 'steps'> &
  Partial<Pick<FaultScenario, 'trouble' | 'counted' | 'offered'>>;

const scenario = (script: Script): FaultScenario => ({
  origins: ORIGINS,
  capacity: { ...CAPACITY },
  offered: perSecond(0.4 * KNEE),
  connections: 256,
  window: WINDOW,
  ...script,
});

const SCRIPTS: readonly Script[] = [
  { name: 'calm', summary: 'nothing is wrong: what the policies themselves cost', steps: [] },
  {
    name: 'killed',
    summary: 'one of three origins dies by SIGKILL, and is there again after two seconds',
    trouble: between(1_000, 3_000),
    steps: [step(1_000, { kind: 'kill', origin: 0 }), step(3_000, { kind: 'start', origin: 0 })],
  },
  {
    name: 'resets',
    summary: 'one origin resets its connections, and every new one, for two seconds',
    trouble: between(1_000, 3_000),
    counted: 0,
    steps: [steer(1_000, { kind: 'refusing' }), steer(3_000, { kind: 'well' })],
  },
  {
    name: 'black-hole',
    summary: 'one origin vanishes for two seconds: nothing is answered, not even a connection',
    trouble: between(1_000, 3_000),
    steps: [step(1_000, { kind: 'black-hole', origin: 0 }), step(3_000, { kind: 'resume', origin: 0 })],
  },
  {
    name: 'stalls',
    summary: 'one origin stands still for a second and a half: it takes connections and answers nothing',
    trouble: between(1_000, 2_500),
    steps: [step(1_000, { kind: 'pause', origin: 0 }), step(2_500, { kind: 'resume', origin: 0 })],
  },
  {
    name: 'slow',
    summary: 'one origin takes ten times as long for two seconds, and carries a tenth',
    trouble: between(1_000, 3_000),
    counted: 0,
    steps: [steer(1_000, { kind: 'slow', factor: 10 }), steer(3_000, { kind: 'well' })],
  },
  {
    name: 'answers-503',
    summary: 'one origin answers 503, its health check too, for two seconds',
    trouble: between(1_000, 3_000),
    counted: 0,
    steps: [steer(1_000, { kind: 'failing', status: 503 }), steer(3_000, { kind: 'well' })],
  },
  {
    name: 'flaps',
    summary: 'one origin resets all connections for half of every second, three times',
    trouble: between(1_000, 3_500),
    counted: 0,
    steps: [1_000, 2_000, 3_000].flatMap((at) => [steer(at, { kind: 'refusing' }), steer(at + 500, { kind: 'well' })]),
  },
  {
    name: 'comes-back-cold',
    summary: 'one origin is killed and comes back half a second later, ten times as slow at first',
    trouble: between(500, 3_000),
    steps: [step(500, { kind: 'kill', origin: 0 }), step(1_000, { kind: 'start', origin: 0, condition: COLD })],
  },
  {
    name: 'all-restart',
    summary: 'all origins are killed at once and come back cold 300 ms later',
    trouble: between(1_000, 3_300),
    steps: Array.from({ length: ORIGINS }, (_, origin) => [
      step(1_000, { kind: 'kill', origin }),
      step(1_300, { kind: 'start', origin, condition: COLD }),
    ])
      .flat()
      .toSorted((a, b) => a.at - b.at),
  },
  {
    name: 'reloads',
    summary: 'the proxy is handed another configuration every second',
    trouble: between(500, 4_500),
    steps: [500, 1_500, 2_500, 3_500].map((at) => step(at, { kind: 'reload' })),
  },
  {
    name: 'overload',
    summary: 'users send one and a half times what the origins carry',
    trouble: between(0, WINDOW),
    offered: perSecond(1.5 * KNEE),
    steps: [],
  },
];

export const FAULTS: readonly FaultScenario[] = SCRIPTS.map(scenario);

/** Its steps as this repeat does them: all later by the same few milliseconds. */
export function atRepeat(fault: FaultScenario, seed: number, repeat: number): FaultScenario {
  if (fault.steps.length === 0) return fault;
  const late = Math.floor(mulberry32(seed ^ Math.imul(repeat + 1, 0x9e3779b1))() * SHIFT);
  const { trouble } = fault;
  return {
    ...fault,
    ...(trouble && { trouble: { from: millis(trouble.from + late), to: millis(trouble.to + late) } }),
    steps: fault.steps.map(({ at, act }) => ({ at: millis(at + late), act })),
  };
}

/** Before its window: origins and proxy start, are proved to lead to each other, and users connect. */
const STARTS = 2_500;
/** After it: what is still under way is waited for. */
const ENDS = 700;
/** Of each subject once, before anything is broken: that it keeps its rules. */
const ADMISSION = 4_000;

/** Milliseconds that so many trials of each fault take. */
export const estimateFaults = (faults: readonly FaultScenario[], trials: number, subjects: number): number =>
  faults.reduce((sum, { window }) => sum + trials * (STARTS + window + ENDS), 0) + subjects * ADMISSION;
