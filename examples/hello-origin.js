// An origin for trying things out: `node hello-origin.js PORT` answers every request with its own port.
import { createServer } from 'node:http';

const port = Number(process.argv[2]);
createServer((_request, response) => response.end(`hello from ${port}\n`)).listen(port, '127.0.0.1');
