/** What was found, as a sentence. */
import type { Estimate } from '#bench/stats/estimate.ts';
import type { Strength } from './comparison.ts';
import type { Unit } from './quantity.ts';

export interface Finding {
  readonly sentence: string;
  /** 'note': nothing that could be claimed, but to be known. */
  readonly strength: Strength | 'note';
  /** Where its evidence stands: a scenario, or another part of the report. */
  readonly scenario: string;
  readonly part?: 'ranking' | 'knees' | 'calibration' | 'second-opinions' | 'noise' | 'trials' | 'configuration';
  /** One of many of its kind: folded where there is room for few. */
  readonly isDetail?: true;
  /** The one figure to remember of it, where it has one. */
  readonly figure?: {
    readonly label: string;
    /** What it measures: 'CPU per request'. */
    readonly what: string;
    readonly estimate: Estimate;
    readonly unit: Unit;
  };
}
