/** The filter that the page shows works as it stands there. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { FilterDefinition } from '#proxies/filters/contract.ts';
import { answering, ok, setup } from '../l7/lab.ts';
import { proxyWith, settings } from './lab.ts';

const page = new URL('../../../proxies/filters/README.md', import.meta.url).href;

test('the example of the page', async () => {
  const code = /^```ts\n([^]*?)^```$/m.exec(await readFile(new URL(page), 'utf8'))![1]!;
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-'));
  try {
    const file = join(folder, 'request-id.ts');
    const resolved = code
      .replaceAll(/from '(\.[^']+)'/g, (_, path: string) => `from '${new URL(path, page).href}'`)
      .replace("from 'zod'", `from '${import.meta.resolve('zod')}'`);
    await writeFile(file, resolved);
    const { filter } = (await import(pathToFileURL(file).href)) as { filter: FilterDefinition<unknown> };
    const change = { filters: settings({ requestId: { header: 'X-Id' } }) };
    await using lab = await setup(answering(ok), change, proxyWith([filter]));
    const answer = await lab.exchange('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const id = /^x-id: ([0-9a-f-]{36})\r$/m.exec(answer)?.[1];
    assert.ok(id, answer);
    assert.ok(lab.origin.connections[0]!.text.includes(`x-id: ${id}\r\n`));
    assert.match(
      await lab.exchange('GET / HTTP/1.1\r\nHost: a\r\nX-Id: mine\r\nConnection: close\r\n\r\n'),
      /^x-id: mine\r$/m,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
