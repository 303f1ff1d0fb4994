/**
 * HdrHistogram log, V2 histograms, log format 1.3: an interval a trial, tagged scenario:subject:kind, values in nanoseconds, maxima in
 * milliseconds. Source: HdrHistogram's HistogramLogWriter.
 */
import { type Distribution, distributionsOf, largestOf } from '#bench/analysis/figures/distributions.ts';
import type { Exporter } from './contract.ts';
import { plainName } from './plain-name.ts';

const seconds = (iso: string): number => Date.parse(iso) / 1_000;

export const hdrLog: Exporter = {
  format: 'hdr-log',
  file: 'latency.hlog',
  render: ({ run, scenarios }, records) => {
    const base = seconds(run.startedAt);
    const intervals = distributionsOf(scenarios, records)
      .flatMap((distribution) => distribution.rounds.map((round) => ({ distribution, ...round })))
      .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
    const lines = intervals.map(({ distribution, startedAt, window, encoded }) =>
      [
        `Tag=${tagOf(distribution)}`,
        (seconds(startedAt) - base).toFixed(3),
        (window / 1_000).toFixed(3),
        (largestOf(encoded) / 1e6).toFixed(3),
        encoded,
      ].join(','),
    );
    return [
      `#[Logged by hopcost ${run.hopcost}]`,
      '#[Histogram log format version 1.3]',
      `#[StartTime: ${base.toFixed(3)} (seconds since epoch), ${run.startedAt}]`,
      `#[BaseTime: ${base.toFixed(3)} (seconds since epoch)]`,
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
      ...lines,
      '',
    ].join('\n');
  },
};

const tagOf = ({ scenario, subject, kind }: Distribution): string => [scenario, subject, kind].map(plainName).join(':');
