/** How much a run measures. From `quick` on intervals are narrow enough for a claim; `smoke` only shows that everything runs. */
import type { Millis } from '#bench/model/units.ts';
import { millis } from '#bench/model/units.ts';
import { FAMILIES, SCENARIOS } from './scenarios.ts';
import { SWEEP, type SweepPoint } from './sweep.ts';

export interface Preset {
  readonly name: string;
  readonly summary: string;
  /** Whether what it gives is meant to be believed; else it only shows that everything runs. */
  readonly isForFigures: boolean;
  /** Cheapest claim first. */
  readonly scenarios: readonly string[];
  /** Rates of a sweep over `http-small`. */
  readonly sweep?: readonly SweepPoint[];
  /** 'references': ours and the naive yardstick. 'installed': every proxy that runs on this host. */
  readonly proxies: 'references' | 'installed';
  /** Of these, the ones in which a reference runs twice (A/A). */
  readonly again: readonly string[] | 'all';
  /** Times that every subject is started afresh. */
  readonly generations: number;
  /** Turns of each subject in each scenario of a generation. */
  readonly rounds: number;
  /** What a run keeps to on a slow host, by fewer generations; none: it takes what it takes. */
  readonly time?: Millis;
  /** Of what needs a window to itself. */
  readonly warmup: Millis;
  readonly window: Millis;
  /** Whether the driver first proves itself against an origin with known delays; the full course takes about thirteen seconds. */
  readonly calibrate: 'none' | 'brief' | 'full';
  /** Whether other people's load tools measure a target of ours too, where they are installed; about 40 seconds. */
  readonly secondOpinion: boolean;
  /** Measured time of each micro-benchmark task, for the ledger; 0: none. */
  readonly micro: Millis;
}

/** Each way of HTTP/2 is a start of every proxy: all of them have a preset to themselves. */
const VERSION_2: ReadonlySet<string> = new Set([...FAMILIES['h2']!, ...FAMILIES['grpc']!]);

export const PRESETS: readonly Preset[] = [
  {
    name: 'smoke',
    summary: 'does everything run? numbers are not to be trusted; about 20 seconds',
    isForFigures: false,
    scenarios: ['http-small', 'tls-keepalive'],
    proxies: 'references',
    again: ['http-small'],
    generations: 1,
    rounds: 4,
    warmup: millis(400),
    window: millis(700),
    calibrate: 'none',
    secondOpinion: false,
    micro: millis(10),
  },
  {
    name: 'quick',
    summary: 'what L4, L7 and TLS cost, to a few per cent; about 80 seconds, never more than 90',
    isForFigures: true,
    scenarios: ['http-small', 'tls-keepalive', 'http-paced-50'],
    proxies: 'references',
    again: ['http-small'],
    generations: 6,
    rounds: 7,
    time: millis(90_000),
    warmup: millis(600),
    window: millis(1_000),
    calibrate: 'brief',
    secondOpinion: false,
    micro: millis(30),
  },
  {
    name: 'standard',
    summary: 'every axis and every proxy that is installed; about 23 minutes for all of them',
    isForFigures: true,
    scenarios: [
      'http-small',
      'tls-keepalive',
      'http-new-connection',
      'tls-full-handshake',
      'tcp-echo',
      'http-paced-50',
      'tls-paced-50',
      'h2-8x8',
      'h2-8x8-paced-50',
    ],
    proxies: 'installed',
    again: 'all',
    generations: 5,
    rounds: 5,
    warmup: millis(600),
    window: millis(1_000),
    calibrate: 'full',
    secondOpinion: true,
    micro: millis(200),
  },
  {
    name: 'http2',
    summary: 'HTTP/2 on both sides and on one, by every proxy that speaks it; about 25 minutes for all of them',
    isForFigures: true,
    scenarios: FAMILIES['h2']!,
    proxies: 'installed',
    again: 'all',
    generations: 4,
    rounds: 7,
    warmup: millis(600),
    window: millis(1_000),
    calibrate: 'brief',
    secondOpinion: false,
    micro: millis(30),
  },
  {
    name: 'full',
    summary:
      'every scenario of HTTP/1.1 and TCP, one each of HTTP/2 and gRPC, and a sweep of rates; about 70 minutes for every proxy',
    isForFigures: true,
    scenarios: [
      ...SCENARIOS.map(({ name }) => name).filter((name) => !VERSION_2.has(name)),
      'h2-8x8',
      'h2-8x8-paced-50',
      'grpc-unary',
      'grpc-unary-paced-50',
    ],
    sweep: SWEEP,
    proxies: 'installed',
    again: 'all',
    generations: 5,
    rounds: 8,
    warmup: millis(600),
    window: millis(1_500),
    calibrate: 'full',
    secondOpinion: true,
    micro: millis(200),
  },
];
