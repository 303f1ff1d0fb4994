/** A configuration names files that have an end: devices, pipes and what is too large are refused at once. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempDisposableSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { readEnvoyConfig } from '#proxies/config/envoy.ts';
import { IntentError } from '#proxies/config/intent-error.ts';

const MOST = 1024 * 1024;
const skip = process.platform === 'win32' && 'there are no such files';

/** An answer whose body, or a certificate, is in that file. */
const configOf = (filename: string, certificate: boolean): string => {
  const types = 'type.googleapis.com/envoy.extensions';
  const body = certificate ? { inline_string: 'x' } : { filename };
  return stringify({
    static_resources: {
      listeners: [
        {
          address: { socket_address: { address: '127.0.0.1', port_value: 1 } },
          filter_chains: [
            {
              ...(certificate && {
                transport_socket: {
                  name: 'tls',
                  typed_config: {
                    '@type': `${types}.transport_sockets.tls.v3.DownstreamTlsContext`,
                    common_tls_context: {
                      tls_certificates: [
                        { certificate_chain: { filename }, private_key: { inline_string: 'PRIVATE KEY-----' } },
                      ],
                    },
                  },
                },
              }),
              filters: [
                {
                  name: 'http',
                  typed_config: {
                    '@type': `${types}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
                    route_config: {
                      virtual_hosts: [
                        {
                          domains: ['*'],
                          routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body } }],
                        },
                      ],
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  });
};

function saidOf(filename: string, certificate: boolean): string {
  try {
    const [{ intent }] = readEnvoyConfig(configOf(filename, certificate)).listeners;
    const action = intent.routes![0]!.action;
    return action.kind === 'reply' ? (action.body ?? '') : '';
  } catch (error) {
    assert.ok(error instanceof IntentError, String(error));
    return error.message;
  }
}

for (const certificate of [false, true])
  test(`${certificate ? 'certificates' : 'bodies'} come from regular files of at most 1 MiB`, { skip }, () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'hopcost-file-'));
    const at = (name: string): string => join(folder.path, name);
    execFileSync('mkfifo', [at('pipe')]);
    writeFileSync(at('large'), '');
    truncateSync(at('large'), MOST + 1);
    const refused: readonly [path: string, said: RegExp][] = [
      ['/dev/zero', /filename: cannot be read: expected a regular file, \/dev\/zero is none$/],
      [at('pipe'), /filename: cannot be read: expected a regular file, .* is none$/],
      [folder.path, /filename: cannot be read: expected a regular file, .* is none$/],
      [at('large'), /filename: cannot be read: expected at most 1048576 bytes, .* has more$/],
      [at('nothing'), /filename: cannot be read: ENOENT/],
    ];
    for (const [path, said] of refused) assert.match(saidOf(path, certificate), said);
  });

test('what is regular is read whole', { skip }, () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'hopcost-file-'));
  const file = join(folder.path, 'body');
  for (const body of ['', 'é'.repeat(1000), 'x'.repeat(MOST)]) {
    writeFileSync(file, body);
    assert.equal(saidOf(file, false), body);
  }
});
