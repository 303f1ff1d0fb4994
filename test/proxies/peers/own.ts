import { join } from 'node:path';
import { defineCommand, type CommandSpec } from '#proxies/peers/command.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';

/** `own-proxy.ts` as a subject. */
export const own = (behaviour: string, more: Partial<CommandSpec> = {}): ProxyDefinition =>
  defineCommand({
    name: 'mine',
    layer: 'l4',
    cwd: import.meta.dirname,
    command: [
      process.execPath,
      join(import.meta.dirname, 'own-proxy.ts'),
      behaviour,
      '--listen',
      '{listen}',
      '--upstream',
      '{upstream}',
      ...(more.tls ? ['--cert', '{cert}', '--key', '{key}'] : []),
    ],
    ...more,
  });
