/**
 * The TLS parameters of everything that is measured: of every subject, ours and peers alike, of the origins and of the load. With them
 * all negotiate the same cipher and key exchange, the first of each list, so TLS costs the same with a hop and without. The load must
 * offer them in this order, too: OpenSSL goes by the server's order, Go by its own built-in one, but BoringSSL (Envoy) by the client's,
 * and a client would compute a key share for nothing for a group that no server has.
 */

/** TLS 1.3 (RFC 8446 §B.4), in the order that Go, which cannot be told, has built in for machines with AES. */
export const TLS13_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const;

/** TLS 1.2 by OpenSSL's names: forward secret and authenticated only (RFC 9325 §4.2). */
export const TLS12_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const;

/** Without a post-quantum hybrid: half of the subjects' libraries lack one, and it would dominate the price of a handshake. */
export const TLS_GROUPS = ['X25519', 'P-256'] as const;

/** All three as options of `node:tls`, for servers and clients. */
export const TLS_SUITES = {
  ciphers: [...TLS13_CIPHERS, ...TLS12_CIPHERS].join(':'),
  ecdhCurve: TLS_GROUPS.join(':'),
} as const;
