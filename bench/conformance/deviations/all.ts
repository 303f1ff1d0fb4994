/** Every peer, by its project. */
import type { Observed } from './observed.ts';
import { nginx } from './nginx.ts';
import { haproxy } from './haproxy.ts';
import { nodeHttp } from './node-http.ts';
import { envoy } from './envoy.ts';
import { traefik } from './traefik.ts';
import { httpProxy } from './http-proxy.ts';
import { httpProxythree } from './http-proxy-3.ts';
import { httpxy } from './httpxy.ts';
import { fastProxy } from './fast-proxy.ts';
import { fastifyHttpProxy } from './fastify-http-proxy.ts';
import { caddy } from './caddy.ts';
import { apache } from './apache.ts';

export const observed: readonly Observed[] = [
  ...nginx,
  ...haproxy,
  ...nodeHttp,
  ...envoy,
  ...traefik,
  ...httpProxy,
  ...httpProxythree,
  ...httpxy,
  ...fastProxy,
  ...fastifyHttpProxy,
  ...caddy,
  ...apache,
];
