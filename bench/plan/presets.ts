/** How much a run measures. `standard` is the least that supports a claim (12 rounds); the others look. */
import type { Millis } from '#bench/model/units.ts';
import { millis } from '#bench/model/units.ts';
import { SWEEP, type SweepPoint } from './sweep.ts';

export interface Preset {
  readonly name: string;
  readonly summary: string;
  /** Scenarios, cheapest claim first; 'all' is every one. */
  readonly scenarios: readonly string[] | 'all';
  /** Rates of a sweep over `http-small`. */
  readonly sweep?: readonly SweepPoint[];
  /** 'references': ours and the naive yardstick. 'installed': every proxy that runs on this host. */
  readonly proxies: 'references' | 'installed';
  /** Of these, the ones in which direct and the reference run twice (A/A). */
  readonly again: readonly string[] | 'all';
  readonly rounds: number;
  readonly warmup: Millis;
  readonly window: Millis;
  /** Whether the driver first proves itself against an origin with known delays; about eight seconds. */
  readonly calibrate: boolean;
  /** Whether other people's load tools measure a target of ours too, where they are installed; about 40 seconds. */
  readonly secondOpinion: boolean;
  /** Measured time of each micro-benchmark task, for the ledger; 0: none. */
  readonly micro: Millis;
}

export const PRESETS: readonly Preset[] = [
  {
    name: 'smoke',
    summary: 'does everything run? numbers are not to be trusted',
    scenarios: ['http-small', 'tls-keepalive'],
    proxies: 'references',
    again: [],
    rounds: 1,
    warmup: millis(400),
    window: millis(700),
    calibrate: false,
    secondOpinion: false,
    micro: millis(10),
  },
  {
    name: 'quick',
    summary: 'a first look: what L4, L7 and TLS cost, 3 rounds',
    scenarios: ['http-small', 'tls-keepalive', 'http-paced-50'],
    proxies: 'references',
    again: [],
    rounds: 3,
    warmup: millis(600),
    window: millis(1_000),
    calibrate: true,
    secondOpinion: false,
    micro: millis(60),
  },
  {
    name: 'standard',
    summary: 'numbers for a claim: every axis, 12 rounds',
    scenarios: [
      'http-small',
      'tls-keepalive',
      'http-new-connection',
      'tls-full-handshake',
      'tcp-echo',
      'http-paced-50',
    ],
    proxies: 'installed',
    again: 'all',
    rounds: 12,
    warmup: millis(600),
    window: millis(1_000),
    calibrate: true,
    secondOpinion: true,
    micro: millis(200),
  },
  {
    name: 'full',
    summary: 'every scenario and a sweep of rates, 12 rounds, longer windows',
    scenarios: 'all',
    sweep: SWEEP,
    proxies: 'installed',
    again: 'all',
    rounds: 12,
    warmup: millis(1_000),
    window: millis(3_000),
    calibrate: true,
    secondOpinion: true,
    micro: millis(200),
  },
];
