/** Every proxy there is. Adding one is its file and a line here. */
import type { ProxyDefinition } from './contract.ts';
import { definition as l4Sni } from './l4/l4-sni.ts';
import { definition as l4Tcp } from './l4/l4-tcp.ts';
import { definition as nodeHttp } from './peers/node-http.ts';

const definitions: readonly ProxyDefinition[] = [l4Tcp, l4Sni, nodeHttp];

/** By name, in the order in which they are listed and reported. */
export const proxies: ReadonlyMap<string, ProxyDefinition> = new Map(
  definitions.map((definition) => [definition.name, definition]),
);
