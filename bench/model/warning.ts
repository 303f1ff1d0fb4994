/** Everything that can be wrong with a trial, with what it means and what to do. A table; the report prints it. */
import { z } from 'zod';

type Entry = { readonly severity: 'invalid' | 'advice'; readonly meaning: string; readonly advice: string };

export const WARNINGS = {
  'errors-above-limit': {
    severity: 'invalid',
    meaning: 'more requests failed than the scenario allows',
    advice: 'read the error samples; a proxy that fails is not a fast proxy',
  },
  'no-requests': {
    severity: 'invalid',
    meaning: 'not one request completed in the window',
    advice: 'read the error samples and the proxy’s last output',
  },
  'direct-drifted': {
    severity: 'invalid',
    meaning:
      'direct moved by more than the limit between the halves of the trial: the host changed under the measurement',
    advice: 'stop other work on this host and repeat',
  },
  steal: {
    severity: 'invalid',
    meaning: 'the hypervisor gave more than 5 % of the CPU time to others',
    advice: 'repeat when the neighbours are quiet, or use a dedicated host',
  },
  'steal-shared': {
    severity: 'advice',
    meaning:
      'the hypervisor gave more than 5 % of the CPU time to others; it met every subject of a round alike, so ratios stand, and absolute figures are higher than on a quiet host',
    advice: 'read ratios; for absolute figures repeat when the neighbours are quiet, or use a dedicated host',
  },
  'ports-exhausted': {
    severity: 'invalid',
    meaning: 'no local port was left for a connection (EADDRNOTAVAIL)',
    advice: 'widen net.ipv4.ip_local_port_range or shorten the window',
  },
  'files-exhausted': {
    severity: 'invalid',
    meaning: 'no file descriptor was left (EMFILE)',
    advice: 'raise `ulimit -n`',
  },
  'accept-queue-full': {
    severity: 'invalid',
    meaning: 'a listener’s accept queue overflowed: connections waited for a retransmit',
    advice: 'raise net.core.somaxconn or lower the connections',
  },
  'schedule-lag': {
    severity: 'invalid',
    meaning:
      'the generator sent half of the requests later than the slowest hundredth of them took: the arrivals are not those asked for',
    advice: 'lower the rate or give the generator cores of its own',
  },
  'response-unresolved': {
    severity: 'advice',
    meaning:
      'the generator’s own lag is more than a tenth of the response time at these quantiles: they are withheld, service times do not contain it',
    advice: 'read service time, or give the generator cores of its own',
  },
  'out-of-connections': {
    severity: 'invalid',
    meaning:
      'all of the generator’s own connections were busy throughout, and nothing else was saturated: it could not send at the rate, and its own queue stood in the response times',
    advice:
      'give it more connections (--connections for a target): the rate times the service time are busy at once; a target whose service time grows with them does not carry the rate',
  },
  'waited-for-connections': {
    severity: 'advice',
    meaning:
      'some requests waited because all of the generator’s own connections were busy: their response time has that wait in it',
    advice: 'read what the subject did meanwhile, or give the scenario more connections',
  },
  'wrong-process': {
    severity: 'invalid',
    meaning: 'the process that answered is not the one that was started',
    advice: 'find out who else listens on this port',
  },
  'proxy-died': {
    severity: 'invalid',
    meaning: 'the proxy exited or restarted during the trial',
    advice: 'read its last output',
  },
  unproven: {
    severity: 'invalid',
    meaning:
      'the proxy that was measured is not, byte for byte, the one that passed its conformance checks in this run',
    advice: 'leave binaries, sources and configuration alone while a run goes on, and repeat it',
  },
  'origin-died': { severity: 'invalid', meaning: 'the origin exited during the trial', advice: 'read its last output' },
  'generator-bound': {
    severity: 'advice',
    meaning: 'the load generator was saturated before the subject: throughput is not the subject’s capacity',
    advice: 'read the derived per-core capacity instead',
  },
  'origin-bound': {
    severity: 'advice',
    meaning: 'the origin was saturated before the subject: throughput is not the subject’s capacity',
    advice: 'read the derived per-core capacity instead',
  },
  'host-bound': {
    severity: 'advice',
    meaning:
      'the cores that load and origin share, or that other processes took, were saturated before the subject: throughput is not the subject’s capacity',
    advice: 'read the derived per-core capacity instead; stop other processes where they took the CPU',
  },
  'shared-cores': {
    severity: 'advice',
    meaning: 'load or origin ran on the proxy’s core',
    advice: 'use a host with two cores or more',
  },
  unpinned: {
    severity: 'advice',
    meaning: 'processes could not be pinned to cores',
    advice: 'install util-linux (taskset)',
  },
  'no-hardware-counters': {
    severity: 'advice',
    meaning: 'instructions could not be counted on this host',
    advice: 'CPU time is given instead; `hopcost doctor` says why',
  },
  throttled: {
    severity: 'advice',
    meaning: 'the cgroup’s CPU quota throttled this trial',
    advice: 'lift the CPU limit of the container',
  },
  'foreign-load': {
    severity: 'advice',
    meaning: 'other processes used more than 10 % of the CPU',
    advice: 'stop them and repeat',
  },
  'offered-not-achieved': {
    severity: 'advice',
    meaning: 'the achieved rate fell more than 1 % short of the offered rate',
    advice: 'read response time with care: the subject or the generator could not keep up',
  },
  'not-pooled': {
    severity: 'advice',
    meaning: 'the origin saw about as many connections as requests: upstream connections are not reused',
    advice: 'check the proxy’s keep-alive settings',
  },
  'descriptors-left': {
    severity: 'advice',
    meaning: 'the proxy still held sockets or other descriptors of the load after the load had closed its connections',
    advice: 'a proxy that leaks them fails later; idle connections that it pools to the origin do not count',
  },
  'second-opinion': {
    severity: 'advice',
    meaning:
      'another load tool measured another throughput of the same target than ours did, by more than scatter and its own cost explain',
    advice: 'repeat on a quiet host; until they agree, hold throughput against neither',
  },
  'few-samples': {
    severity: 'advice',
    meaning: 'too few requests for the high quantiles',
    advice: 'lengthen the window',
  },
} as const satisfies Record<string, Entry>;

export type WarningCode = keyof typeof WARNINGS;

export const Warning = z.object({
  code: z.enum(Object.keys(WARNINGS) as [WarningCode, ...WarningCode[]]),
  /** One sentence with the figures of this case. */
  message: z.string(),
  evidence: z.record(z.string(), z.union([z.number(), z.string()])),
});
export type Warning = z.infer<typeof Warning>;
