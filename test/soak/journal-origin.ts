/**
 * Child entry: an origin that may be killed at any moment and still tells what it executed. Each request is written to the journal named
 * by the first argument, `METHOD TARGET` a line, before it is answered a few milliseconds later.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const journal = openSync(process.argv[2]!, 'a');
const maxDelayMs = 6;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  request.on('end', () => {
    writeSync(journal, `${request.method} ${request.url}\n`);
    setTimeout(() => response.end(request.url), Math.random() * maxDelayMs);
  });
});
server.listen(0, '127.0.0.1', () => process.send!({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
