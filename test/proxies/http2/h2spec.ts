/** h2spec (summerwind), built where it is not given by HOPCOST_H2SPEC. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** `skip`: why there is none, false where there is. */
export function h2spec(): { readonly binary: string; readonly skip: string | false } {
  const binary = process.env['HOPCOST_H2SPEC'] ?? build();
  const skip = existsSync(binary)
    ? false
    : 'no h2spec: Go is missing or cannot build it; (cd test/proxies/http2/peers/h2spec && go build github.com/summerwind/h2spec/cmd/h2spec)';
  return { binary, skip };
}

function build(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hopcost-h2spec-'));
  after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'h2spec');
  const cwd = join(import.meta.dirname, 'peers/h2spec');
  spawnSync('go', ['build', '-o', binary, 'github.com/summerwind/h2spec/cmd/h2spec'], { cwd });
  return binary;
}
