/** Every case there is, by section. */
import { connectionCases } from './connections.ts';
import type { ConformanceCase } from '../contract.ts';
import { endingCases } from './endings.ts';
import { fieldCases } from './fields.ts';
import { filterCases } from './filters.ts';
import { forwardingCases } from './forwarding.ts';
import { framingCases } from './framing.ts';
import { l4Cases } from './l4.ts';
import { proxyProtocolCases } from './proxy-protocol.ts';
import { reliabilityCases } from './reliability.ts';
import { requestLineCases } from './request-line.ts';
import { responseCases } from './responses.ts';
import { retryCases } from './retries.ts';
import { routeCases } from './routes.ts';
import { sniCases } from './sni.ts';
import { tlsCases } from './tls-sides.ts';
import { tunnelCases } from './tunnels.ts';
import { udpCases } from './udp.ts';

export const cases: readonly ConformanceCase[] = [
  ...requestLineCases,
  ...fieldCases,
  ...framingCases,
  ...forwardingCases,
  ...responseCases,
  ...routeCases,
  ...retryCases,
  ...tunnelCases,
  ...connectionCases,
  ...endingCases,
  ...filterCases,
  ...reliabilityCases,
  ...tlsCases,
  ...l4Cases,
  ...proxyProtocolCases,
  ...sniCases,
  ...udpCases,
];
