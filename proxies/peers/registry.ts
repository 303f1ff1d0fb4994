/** Every peer. Adding one is its file and a line here. */
import { apacheHttp, apacheTls } from './apache.ts';
import { caddyHttp, caddyTls } from './caddy.ts';
import { envoyHttp, envoyTcp, envoyTls } from './envoy.ts';
import { fastProxy } from './fast-proxy.ts';
import { fastifyHttpProxy } from './fastify-http-proxy.ts';
import { haproxyHttp, haproxyTcp, haproxyTls } from './haproxy.ts';
import { httpProxy } from './http-proxy.ts';
import { httpProxy3 } from './http-proxy-3.ts';
import { httpxy } from './httpxy.ts';
import type { ProxyDefinition } from '../contract.ts';
import { nginxHttp, nginxStream, nginxTls } from './nginx.ts';
import type { PeerDefinition } from './peer.ts';
import { traefikHttp, traefikTcp, traefikTls } from './traefik.ts';

export const binaries: readonly PeerDefinition[] = [
  nginxStream,
  nginxHttp,
  nginxTls,
  haproxyTcp,
  haproxyHttp,
  haproxyTls,
  envoyTcp,
  envoyHttp,
  envoyTls,
  traefikTcp,
  traefikHttp,
  traefikTls,
  caddyHttp,
  caddyTls,
  apacheHttp,
  apacheTls,
];

export const libraries: readonly ProxyDefinition[] = [
  httpProxy,
  httpProxy3,
  httpxy,
  fastProxy,
  fastifyHttpProxy,
].flat();

export const peers: readonly ProxyDefinition[] = [...binaries, ...libraries];
