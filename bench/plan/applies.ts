/** Which subject can carry which scenario. */
import type { Scenario, Traffic } from '#bench/model/scenario.ts';

/** What the plan needs to know of a subject. */
export interface SubjectFacts {
  readonly name: string;
  readonly layer: 'direct' | 'l4' | 'l7';
  readonly capabilities: ReadonlySet<string>;
  /** Scenarios in which it runs a second time, as its own A/A twin. */
  readonly again?: readonly string[];
}

/** 'ends': TLS is terminated here. 'passes': TLS, like any bytes, goes through. 'plain': HTTP only. */
const tlsOf = (subject: SubjectFacts): 'ends' | 'passes' | 'plain' => {
  if (subject.capabilities.has('tls-termination')) return 'ends';
  return subject.layer === 'l7' ? 'plain' : 'passes';
};

const usesTls = (traffic: Traffic): boolean => 'tls' in traffic && traffic.tls !== 'none';

export function applies(scenario: Scenario, subject: SubjectFacts): boolean {
  // Forward proxies and datagram relays carry traffic that no scenario sends yet; SNI routers need a ClientHello.
  if (subject.capabilities.has('udp') || subject.capabilities.has('connect')) return false;
  const tls = tlsOf(subject);
  if (usesTls(scenario.traffic)) return tls !== 'plain';
  if (subject.capabilities.has('sni-routing') || tls === 'ends') return false;
  const isHttp =
    scenario.traffic.kind === 'http' || (scenario.traffic.kind === 'idle' && scenario.traffic.protocol === 'http');
  return isHttp || subject.layer !== 'l7';
}
