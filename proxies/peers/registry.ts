/** Every peer that runs a binary of its own. Adding one is its file and a line here. */
import { haproxyHttp, haproxyTcp, haproxyTls } from './haproxy.ts';
import { nginxHttp, nginxStream, nginxTls } from './nginx.ts';
import type { PeerDefinition } from './peer.ts';

export const peers: readonly PeerDefinition[] = [nginxStream, nginxHttp, nginxTls, haproxyTcp, haproxyHttp, haproxyTls];
