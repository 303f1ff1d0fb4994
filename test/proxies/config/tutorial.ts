/**
 * Child entry: two origins at the ports that the tutorials' files name, the real command line with the file that argv[2] names, and a
 * client with a connection of its own for each request. Prints the bodies of four answers as JSON, or the errors' codes.
 */
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import { Cli } from '../../scripts/cli.ts';

async function origin(port: number): Promise<AsyncDisposable> {
  const server = createServer((_request, response) => response.end(`origin ${port}`)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function ask(url: string): Promise<string> {
  const [response] = await once(get(url, { agent: false }), 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

await using _one = await origin(1111);
await using _two = await origin(2222);
await using hop = new Cli(['proxy', '--config', process.argv[2]!]);
const ready = JSON.parse(await hop.line('stdout', '{'));
const answers: string[] = [];
for (let i = 0; i < 4; i++) answers.push(await ask(`http://${ready.address}/`));
process.stdout.write(JSON.stringify({ address: ready.address, answers }));
