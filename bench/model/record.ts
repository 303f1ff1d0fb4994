/**
 * The lines of `trials.ndjson`: one `run` line first, then `subject`, `trial`, `knee-window`, `knee`, `fault-trial` and `micro` lines as they
 * come, an `end` line last. Append-only. Everything that a report shows comes from here. `SCHEMA_VERSION` changes when a reader of old files would break.
 */
import { z } from 'zod';
import { FaultScenario, FaultStep } from './fault.ts';
import { KneeOutcome, KneeVerdict } from './knee.ts';
import { LoadResult } from './load.ts';
import { Objective } from './objective.ts';
import { ProbeReadings } from './probe.ts';
import { Loop, Scenario, Subject } from './scenario.ts';
import { Bytes, Micros, Millis, PerSecond } from './units.ts';
import { Warning } from './warning.ts';

export const SCHEMA_VERSION = 3;

export const Environment = z.object({
  cpuModel: z.string(),
  cores: z.number().int(),
  memory: Bytes,
  kernel: z.string(),
  os: z.string(),
  platform: z.string(),
  node: z.string(),
  virtualised: z.string().nullable(), // hypervisor's name, null on bare metal or unknown
  governor: z.string().nullable(),
  cgroup: z.object({ cpuQuota: z.number().nullable(), cpuset: z.string().nullable(), memoryLimit: Bytes.nullable() }),
  openFiles: z.number().int(),
  ephemeralPorts: z.number().int(),
  hardwareCounters: z.boolean(),
  loadAverage: z.number(),
  /** Hash of what must be equal for absolute figures to be compared: CPU model, cores, kernel, Node, governor, cgroup limits. */
  fingerprint: z.string(),
});
export type Environment = z.infer<typeof Environment>;

/** Which cores each party ran on; null where it was not pinned. */
export const Placement = z.object({
  proxy: z.array(z.number().int()).nullable(),
  origin: z.array(z.number().int()).nullable(),
  load: z.array(z.number().int()).nullable(),
  loadWorkers: z.number().int().positive(),
  shared: z.boolean(), // load or origin on a core of the proxy's
});
export type Placement = z.infer<typeof Placement>;

export const RunRecord = z.object({
  record: z.literal('run'),
  schema: z.literal(SCHEMA_VERSION),
  run: z.string(),
  startedAt: z.iso.datetime(),
  hopcost: z.string(),
  revision: z.string().nullable(), // git commit, with '-dirty' where it is
  command: z.array(z.string()),
  preset: z.string(),
  /** False of a preset that only shows that everything runs: no figure of it is more than a note. */
  isForFigures: z.boolean(),
  seed: z.number().int(),
  rounds: z.number().int(),
  warmup: Millis,
  window: Millis,
  /** How subjects took turns; absent where each had windows to itself. */
  turns: z
    .object({
      /** Of each subject and scenario, in a generation. */
      rounds: z.number().int().positive(),
      /** Length of a turn, closed and open loop. */
      closed: Millis,
      open: Millis,
      /** Of an open loop's turn: its beginning, which is in no histogram. */
      discard: Millis,
    })
    .optional(),
  /** What idle cores did meanwhile: those that halt take the host's own time to wake, which is in every figure of times. */
  idle: z.enum(['polling', 'halting']).optional(),
  scenarios: z.array(Scenario),
  /** Proxies that were asked for as one of a group and not started, a line each with the reason. */
  leftOut: z.array(z.string()).optional(),
  environment: Environment,
  placement: Placement,
  /** Present where faults were brought about: their scripts, before each repeat moves its steps by the seed. */
  faults: z.array(FaultScenario).optional(),
  /** Present where the highest rate was searched at which an objective holds, and in which of the scenarios. */
  search: z
    .object({
      objective: Objective,
      scenarios: z.array(z.string()),
      /** Neighbouring rates of the search are this far apart, relative. */
      tolerance: z.number().positive(),
      /** A rate is confirmed where `need` windows agree of `of`, by any of these. */
      confirm: z.array(z.object({ need: z.number().int().positive(), of: z.number().int().positive() })),
    })
    .optional(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** One per subject: what it is, what it ran with, and whether it proved itself correct in this run. */
export const SubjectRecord = z.object({
  record: z.literal('subject'),
  subject: Subject,
  /** The maker: subjects of one family are set against each other. Direct's is its own. */
  family: z.string(),
  layer: z.enum(['direct', 'l4', 'l7']),
  tls: z.boolean(), // terminates TLS
  /** What all others of its layer, with TLS or without, are set against. */
  isReference: z.boolean(),
  /** Its code runs on the harness's own Node, and comes with hopcost or with npm; what it is then depends on that Node. */
  isHosted: z.boolean(),
  summary: z.string(),
  version: z.string(),
  nativeConfig: z.string(),
  /** What scenarios of the run take and it does not offer, by the names of features: it was not measured in them. Absent: nothing. */
  lacks: z.array(z.object({ feature: z.string(), scenarios: z.array(z.string()) })).optional(),
  /** Limits and timeouts of the neutral intent that it is not given, 'limits.headBytes': there its own hold. Absent: none, or unknown. */
  keepsOwn: z.array(z.string()).optional(),
  /** Present where it runs elsewhere: the requests a second that it may be sent, and what each must be answered; null for an echo. */
  external: z
    .object({
      url: z.string(),
      maxRate: z.number().int().positive(),
      expect: z.object({ status: z.number().int(), bodyBytes: Bytes }).nullable(),
      /** The longest that it took to answer before it was measured, its connection included. */
      latency: Millis.optional(),
      /** What whoever reads its figures must know, each a clause after its name: 'answers 302 to /x: …'. */
      notes: z.array(z.string()).optional(),
    })
    .optional(),
  preflight: z.array(
    z.object({
      rule: z.string(),
      /** Group of rules that it belongs to: 'Forwarding'. Absent: whether it carries the load at all. */
      section: z.string().optional(),
      passed: z.boolean(),
      detail: z.string(),
      /** What the subject printed last, where it is that which failed. */
      output: z.string().optional(),
      /** A rule that a user's own proxy does not keep: told, and no reason not to measure it (`passed` is true). */
      deviates: z.literal(true).optional(),
    }),
  ),
  /**
   * What the checks were held against: hashes of version, executables and sources, and of each configuration, ports left out. A trial
   * of anything else is invalid. Absent for direct.
   */
  proven: z.object({ binary: z.string(), configs: z.array(z.string()) }).optional(),
});
export type SubjectRecord = z.infer<typeof SubjectRecord>;

/** Microseconds; those that the turn has enough samples for. */
const TurnQuantiles = z.object({ p50: Micros.optional(), p90: Micros.optional(), p99: Micros.optional() });

/** Some tens of milliseconds of load on one subject, from its first send to its last answer. */
export const Turn = z.object({
  /** Within the generation: a round is one turn of each. */
  round: z.number().int().nonnegative(),
  /** Milliseconds since the generation's first round began. */
  at: Millis,
  took: Millis,
  /** Valid answers, those in no histogram too: what CPU time is divided by. */
  answered: z.number().int(),
  failed: z.number().int(),
  /** Answers that were whole by the end of the turn proper, a second. */
  rate: PerSecond,
  cpu: z.object({ proxy: Micros.optional(), origin: Micros.optional(), generator: Micros }),
  service: TurnQuantiles,
  response: TurnQuantiles.optional(),
});
export type Turn = z.infer<typeof Turn>;

const TrialId = z.object({
  record: z.literal('trial'),
  scenario: z.string(),
  subject: Subject,
  /** Of the starts of its subject; what had windows to itself is numbered with them. */
  generation: z.number().int().nonnegative(),
  /** Subjects that were alive at once; absent where one group held all. Groups have direct and the references in common. */
  cohort: z.number().int().nonnegative().optional(),
  /** Place within the generation, in the order in which the trials ran. */
  position: z.number().int().nonnegative(),
  startedAt: z.iso.datetime(),
  /** The loop as driven: a paced scenario's rate is resolved here. Absent where the trial failed before that. */
  loop: Loop.optional(),
});

/** What limited a trial. Only 'proxy' (for direct: 'origin') makes its throughput a capacity. */
export const Bound = z.enum(['proxy', 'origin', 'generator', 'host', 'none']);
export type Bound = z.infer<typeof Bound>;

export const TrialRecord = z.discriminatedUnion('state', [
  TrialId.extend({
    state: z.literal('completed'),
    load: LoadResult,
    probes: ProbeReadings,
    /** In the order of their rounds; absent where the trial had a window to itself. `load` and `probes` are their sums. */
    turns: z.array(Turn).optional(),
    bound: Bound,
    warnings: z.array(Warning),
  }),
  TrialId.extend({
    state: z.literal('invalid'),
    reasons: z.tuple([Warning], Warning),
    /** What was measured all the same; evidence, never a figure of the comparison. */
    load: LoadResult.optional(),
    probes: ProbeReadings.optional(),
    turns: z.array(Turn).optional(),
  }),
  TrialId.extend({
    state: z.literal('failed'),
    error: z.object({ code: z.string(), message: z.string(), detail: z.string().optional() }),
  }),
]);
export type TrialRecord = z.infer<typeof TrialRecord>;
export type CompletedTrial = Extract<TrialRecord, { state: 'completed' }>;

/**
 * One window of a knee search: an open-loop trial (its `generation` counts the windows of this subject and scenario), and what it says of
 * the objective. It counts in no figure of a scenario.
 */
export const KneeWindowRecord = z.object({
  record: z.literal('knee-window'),
  trial: TrialRecord,
  outcome: KneeOutcome,
});
export type KneeWindowRecord = z.infer<typeof KneeWindowRecord>;

/** What the windows of one subject in one scenario came to. Absent where the search was interrupted. */
export const KneeRecord = z.object({
  record: z.literal('knee'),
  scenario: z.string(),
  subject: Subject,
  windows: z.number().int().nonnegative(),
  verdict: KneeVerdict,
});
export type KneeRecord = z.infer<typeof KneeRecord>;

/** One fault, before the users of one subject: how each request of the window ended, and what reached the origins. */
export const FaultTrialRecord = z.object({
  record: z.literal('fault-trial'),
  fault: z.string(),
  subject: Subject,
  /** Whether the proxy was given policies around its endpoints. Direct has none. */
  policies: z.enum(['on', 'off']),
  /** Those that it was given, and those that it does not offer. */
  given: z.array(z.string()),
  withheld: z.array(z.string()),
  repeat: z.number().int().nonnegative(),
  startedAt: z.iso.datetime(),
  nativeConfig: z.string(),
  outcome: z.discriminatedUnion('state', [
    z.object({
      state: z.literal('completed'),
      load: LoadResult,
      /** The script of this repeat, and when each step was done, milliseconds since the window began. */
      steps: z.array(FaultStep.extend({ done: Millis })),
      /** What came to each origin in each interval of the window: requests, and connections that it reset as they came. */
      arrivals: z.object({
        interval: Millis,
        requests: z.array(z.array(z.number().int())),
        refused: z.array(z.array(z.number().int())),
      }),
      /** CPU time of the proxy's processes over the window; absent for direct. */
      cpu: Micros.optional(),
      /** What the host did besides, shares of all CPU time. */
      host: z.object({ steal: z.number(), foreign: z.number() }),
    }),
    /** The subject cannot be put to it. */
    z.object({ state: z.literal('refused'), why: z.string() }),
    z.object({ state: z.literal('failed'), error: z.object({ code: z.string(), message: z.string() }) }),
  ]),
});
export type FaultTrialRecord = z.infer<typeof FaultTrialRecord>;

/** One micro-benchmark task: nanoseconds per operation. */
export const MicroRecord = z.object({
  record: z.literal('micro'),
  suite: z.string(),
  task: z.string(),
  /** Operations of this task that one proxied request needs, where that is meaningful: the ledger multiplies by it. */
  perRequest: z.number().nonnegative(),
  median: z.number(),
  low: z.number(), // 95 % interval of the median
  high: z.number(),
  samples: z.number().int(),
  /** CPU time of its thread over the time that passed, 0–1: what is missing, other processes had. */
  share: z.number().min(0).max(1).optional(),
});
export type MicroRecord = z.infer<typeof MicroRecord>;

/** 'way': to the origin and back. 'count': of requests. 'drops': of what was due and not sent. */
const CalibrationSubject = z.enum(['way', 'delay', 'rate', 'count', 'stall', 'errors', 'drops']);
export type CalibrationSubject = z.infer<typeof CalibrationSubject>;

/** The driver against an origin with known delays, rate, stall and errors: how far this run's own instruments may be trusted. */
export const CalibrationRecord = z.object({
  record: z.literal('calibration'),
  checks: z.array(
    z.object({
      /** 'delay 5 ms, p50'. */
      name: z.string(),
      /** What of the instruments it tries: by which of their figures it is known. */
      tries: CalibrationSubject,
      /** Of a delay: the quantile that was compared. Absent: nothing came to be compared. */
      quantile: z.enum(['p50', 'p99']).optional(),
      unit: z.enum(['µs', '/s', 'requests']),
      expected: z.number(),
      measured: z.number(),
      /** Largest distance of the two that is borne, in the unit. */
      limit: z.number(),
      passed: z.boolean(),
      /** A check that failed on a disturbed host was made once more; this is the second result. */
      repeated: z.boolean().optional(),
      /**
       * What the host did while a check failed, shares of all CPU time, and by how many µs it woke bare threads later than it mostly does:
       * then it says nothing of the instruments.
       */
      disturbed: z.object({ steal: z.number(), foreign: z.number(), wakeups: z.number().optional() }).optional(),
    }),
  ),
  /** How soon the host woke a bare thread between the delays, µs: whatever waits for an answer is late by as much. */
  wakeups: z.object({ p50: z.number(), p99: z.number() }).optional(),
});
export type CalibrationRecord = z.infer<typeof CalibrationRecord>;

/** The same target, driven by our generator and by other people's load tools in turn, on the same cores. */
export const SecondOpinionRecord = z.object({
  record: z.literal('second-opinion'),
  /** Whether tool and origin ran on the same core. */
  sharedCores: z.boolean(),
  /** What the host did besides, over all windows; shares of all CPU time. */
  host: z.object({ steal: z.number(), foreign: z.number() }),
  targets: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      connections: z.number().int(),
      /** 'target': a fixed delay sets the rate, whatever a request costs. 'cost': the slower of tool and origin sets it. */
      setBy: z.enum(['target', 'cost']),
      /** Ours is 'http1'. */
      tools: z.array(
        z.object({
          tool: z.string(),
          version: z.string(),
          windows: z.array(
            z.object({
              round: z.number().int().nonnegative(),
              /** Requests per second by the tool's own words, and by the origin's count in the middle of the window; null: it failed. */
              rate: z.number().nullable(),
              counted: z.number().nullable(),
              /** Microseconds of CPU of the tool and of the origin, by the same count. */
              cpuPerRequest: z.number().nullable(),
              originCpuPerRequest: z.number().nullable(),
              failed: z.number().int(),
              error: z.string().optional(),
            }),
          ),
        }),
      ),
    }),
  ),
  missing: z.array(z.object({ tool: z.string(), install: z.string() })),
});
export type SecondOpinionRecord = z.infer<typeof SecondOpinionRecord>;

export const EndRecord = z.object({
  record: z.literal('end'),
  state: z.enum(['completed', 'interrupted']),
  finishedAt: z.iso.datetime(),
});
export type EndRecord = z.infer<typeof EndRecord>;

export const RunLine = z.union([
  RunRecord,
  SubjectRecord,
  TrialRecord,
  KneeWindowRecord,
  KneeRecord,
  FaultTrialRecord,
  MicroRecord,
  CalibrationRecord,
  SecondOpinionRecord,
  EndRecord,
]);
export type RunLine = z.infer<typeof RunLine>;

/** A whole run as read back from its file. */
export interface RunRecords {
  readonly run: RunRecord;
  readonly subjects: readonly SubjectRecord[];
  readonly trials: readonly TrialRecord[];
  readonly micro: readonly MicroRecord[];
  /** Absent where no knee was searched. */
  readonly windows?: readonly KneeWindowRecord[];
  readonly knees?: readonly KneeRecord[];
  /** Absent where nothing was broken. */
  readonly faults?: readonly FaultTrialRecord[];
  /** Absent where it was not asked for. */
  readonly calibration?: CalibrationRecord;
  readonly secondOpinion?: SecondOpinionRecord;
  /** Absent: the harness was killed before it could write it. */
  readonly end?: EndRecord;
}

/** The lines of a run as its file holds them, in one text. */
export const recordLines = ({
  run,
  subjects,
  calibration,
  secondOpinion,
  trials,
  windows = [],
  knees = [],
  faults = [],
  micro,
  end,
}: RunRecords): string =>
  [
    run,
    ...subjects,
    ...(calibration ? [calibration] : []),
    ...(secondOpinion ? [secondOpinion] : []),
    ...trials,
    ...windows,
    ...knees,
    ...faults,
    ...micro,
    ...(end ? [end] : []),
  ]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
