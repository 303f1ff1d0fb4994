/**
 * The TLS parameters that every subject is given, ours and peers alike, so that all negotiate the same cipher and key exchange:
 * the first of each list. A client that compares subjects must offer TLS 1.3 ciphers in this order, too: OpenSSL goes by the
 * server's order, Go by its own built-in one, but BoringSSL (Envoy) by the client's.
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
