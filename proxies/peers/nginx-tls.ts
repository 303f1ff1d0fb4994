/** TLS in NGINX' own terms. Source: ngx_http_ssl_module, ngx_http_proxy_module. */
import { IntentError } from '../config/intent-error.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { TLS12_CIPHERS, TLS13_CIPHERS, TLS_GROUPS } from '../platform/tls-suites.ts';
import { alpnOf, SYSTEM_CA, sameForAll } from './intent-facts.ts';
import type { Lines } from './text.ts';

/** Lines of one `server`, which has one certificate. */
export function downstreamTls(intent: ProxyIntent, certificate: number): Lines {
  const { tls } = intent.listener;
  if (!tls) return [];
  if (!alpnOf(intent).includes('http/1.1'))
    throw new IntentError([
      {
        path: 'listener.tls.alpn',
        message: "nginx always speaks HTTP/1.1 by TLS; add 'http/1.1', or leave the list out",
      },
    ]);
  const versions = (['TLSv1.2', 'TLSv1.3'] as const).filter(
    (version) => version >= (tls.minVersion ?? 'TLSv1.2') && version <= (tls.maxVersion ?? 'TLSv1.3'),
  );
  return [
    `ssl_certificate cert${certificate}.pem;`,
    `ssl_certificate_key key${certificate}.pem;`,
    `ssl_protocols ${versions.join(' ')};`,
    `ssl_ciphers ${TLS12_CIPHERS.join(':')};`,
    `ssl_conf_command Ciphersuites ${TLS13_CIPHERS.join(':')};`,
    `ssl_ecdh_curve ${TLS_GROUPS.join(':')};`,
    'ssl_prefer_server_ciphers on;',
    `ssl_session_tickets ${tls.resumption === false ? 'off' : 'on'};`,
    // Tickets hold the session; a cache of its own would be a second copy.
    `ssl_session_cache ${tls.resumption === false ? 'off' : 'none'};`,
    tls.clientCa !== undefined && ['ssl_client_certificate client-ca.pem;', 'ssl_verify_client on;'],
  ];
}

/** Lines of `location`, and the files that they name. */
export function upstreamTls(intent: ProxyIntent): {
  lines: Lines;
  files: Record<string, string>;
  scheme: 'http' | 'https';
} {
  const tls = sameForAll(intent, 'nginx', 'tls', (cluster) => cluster.tls);
  if (!tls) return { lines: [], files: {}, scheme: 'http' };
  const name = tls.serverName ?? sameForAll(intent, 'nginx', 'tls.serverName', ({ endpoints }) => endpoints[0]?.host);
  return {
    scheme: 'https',
    files: {
      ...(tls.ca !== undefined && { 'upstream-ca.pem': tls.ca }),
      ...(tls.certificate && { 'upstream-cert.pem': tls.certificate.cert, 'upstream-key.pem': tls.certificate.key }),
    },
    lines: [
      'proxy_ssl_server_name on;',
      `proxy_ssl_name ${name};`,
      'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
      tls.verify !== false && [
        'proxy_ssl_verify on;',
        'proxy_ssl_verify_depth 5;',
        `proxy_ssl_trusted_certificate ${tls.ca === undefined ? SYSTEM_CA : 'upstream-ca.pem'};`,
      ],
      tls.certificate && ['proxy_ssl_certificate upstream-cert.pem;', 'proxy_ssl_certificate_key upstream-key.pem;'],
    ],
  };
}
