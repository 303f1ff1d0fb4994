/** Every proxy there is. Adding one is its file and a line here. */
import type { ProxyDefinition } from './contract.ts';
import { definition as l4Sni } from './l4/l4-sni.ts';
import { definition as l4Tcp } from './l4/l4-tcp.ts';
import { definition as l4Udp } from './l4/l4-udp.ts';
import { definition as l7Forward } from './l7/l7-forward.ts';
import { definition as l7Http } from './l7/l7-http.ts';
import { definition as l7Tls } from './l7/l7-tls.ts';
import { definition as l7TlsReencrypt } from './l7/l7-tls-reencrypt.ts';
import { definition as nodeHttp } from './peers/node-http.ts';
import { peers } from './peers/registry.ts';

const definitions: readonly ProxyDefinition[] = [
  l4Tcp,
  l4Sni,
  l4Udp,
  l7Http,
  l7Tls,
  l7TlsReencrypt,
  l7Forward,
  nodeHttp,
  ...peers,
];

/** By name, in the order in which they are listed and reported. */
export const proxies: ReadonlyMap<string, ProxyDefinition> = new Map(
  definitions.map((definition) => [definition.name, definition]),
);
