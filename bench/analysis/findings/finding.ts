/** What was found, as a sentence. */
import type { SubjectRecord } from '#bench/model/record.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import type { MetricName } from '../figures/metrics.ts';
import type { Unit } from '../words/quantity.ts';
import type { Label } from '../instruments/trust.ts';

export interface Finding {
  readonly sentence: string;
  /** 'note': nothing that could be claimed, but to be known. */
  readonly strength: Label;
  /** The metrics that it tells of: its label follows the instruments that they were read with. None: it tells of no figure. */
  readonly restsOn: readonly MetricName[];
  /** Where its evidence stands: a scenario, or another part of the report. */
  readonly scenario: string;
  readonly part?:
    | 'ranking'
    | 'knees'
    | 'prices'
    | 'ledger'
    | 'calibration'
    | 'second-opinions'
    | 'noise'
    | 'trials'
    | 'configuration'
    | 'faults';
  /** One of many of its kind: folded where there is room for few. */
  readonly isDetail?: true;
  /** The one figure to remember of it, where it has one. */
  readonly figure?: {
    readonly label: string;
    /** What it measures: 'CPU per request'. */
    readonly what: string;
    readonly estimate: Estimate;
    readonly unit: Unit;
    /** Of what one hop costs. */
    readonly layer?: SubjectRecord['layer'];
  };
}
