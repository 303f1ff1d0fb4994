// A proxy of one's own, as small as it can be: `node proxy.js LISTEN UPSTREAM`, each as host:port.
import { Agent, createServer, request } from 'node:http';

const [listen, upstream] = process.argv.slice(2).map((address) => {
  const { hostname, port } = new URL(`http://${address}`);
  return { host: hostname, port: Number(port) };
});
const agent = new Agent({ keepAlive: true });

createServer((client, answer) => {
  const { method, url: path, headers } = client;
  const origin = request({ ...upstream, method, path, headers, agent }, (response) => {
    answer.writeHead(response.statusCode, response.headers);
    response.pipe(answer);
  });
  origin.on('error', () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502).end();
  });
  answer.on('close', () => origin.destroy());
  client.pipe(origin);
}).listen(listen);
