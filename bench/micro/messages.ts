/** The messages of the keep-alive scenario as they pass a hop, and the same request with a browser's fields: what the suites work on. */

/** As the load generator sends it: no field but Host. */
export const REQUEST = Buffer.from('GET /bytes/200 HTTP/1.1\r\nHost: 127.0.0.1:38080\r\n\r\n', 'latin1');

/** As `http-large-head` sends it: about 4 KiB in 41 fields. */
export const LARGE_REQUEST = Buffer.from(
  `GET /bytes/200 HTTP/1.1\r\nHost: 127.0.0.1:38080\r\n${Array.from({ length: 40 }, (_, i) => `x-bench-${String(i).padStart(2, '0')}: ${'v'.repeat(84)}\r\n`).join('')}\r\n`,
  'latin1',
);

/** As the origin `http-fixed` heads its answers. */
export const ANSWER_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 200\r\n\r\n',
  'latin1',
);
export const ANSWER = Buffer.concat([ANSWER_HEAD, Buffer.alloc(200, 'hopcost:')]);
