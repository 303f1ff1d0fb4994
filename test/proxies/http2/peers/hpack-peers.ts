/** Encoders and decoders of HPACK that share no line with ours: golang.org/x/net, python's hpack, and nghttp2 within node:http2. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestField, TestSection } from '../header-sets.ts';

export interface HpackPeer {
  readonly name: string;
  /** Undefined where it can be used; else how to have it. */
  readonly missing: string | undefined;
  encode(sections: readonly TestSection[]): Promise<Buffer[]>;
  decode?(blocks: readonly Buffer[]): TestField[][];
}

const here = import.meta.dirname;

function converse(command: string, args: readonly string[], input: unknown): string[] {
  const { status, stdout, stderr } = spawnSync(command, args, {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} gave ${status}: ${stderr}`);
  return stdout.trimEnd().split('\n');
}

/** A program that does as `hpack_python.py` says. */
function program(name: string, command: string, args: readonly string[], missing: string | undefined): HpackPeer {
  return {
    name,
    missing,
    encode: async (sections) =>
      converse(command, [...args, 'encode'], sections).map((line) => Buffer.from(line, 'hex')),
    decode: (blocks) =>
      converse(
        command,
        [...args, 'decode'],
        blocks.map((block) => block.toString('hex')),
      ).map((line) => JSON.parse(line) as TestField[]),
  };
}

function pythonPeer(): HpackPeer {
  const python = process.env['HOPCOST_PYTHON'] ?? 'python3';
  const isThere = spawnSync(python, ['-c', 'import hpack']).status === 0;
  return program(
    "python's hpack",
    python,
    [join(here, 'hpack_python.py')],
    isThere
      ? undefined
      : `${python} has no hpack; install it: pip install hpack h2 (HOPCOST_PYTHON names another python)`,
  );
}

function goPeer(): HpackPeer {
  const folder = mkdtempSync(join(tmpdir(), 'hopcost-hpack-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'hpack-go');
  const { stderr, error } = spawnSync('go', ['build', '-o', binary, '.'], {
    cwd: join(here, 'hpack-go'),
    encoding: 'utf8',
  });
  return program(
    "Go's hpack",
    binary,
    [],
    existsSync(binary) ? undefined : `no Go, or it cannot build ${here}/hpack-go: ${error?.message ?? stderr}`,
  );
}

/** Sections that a stock client may send: it keeps the order of fields, and says itself which are pseudo. */
const nodePeer: HpackPeer = {
  name: 'node:http2',
  missing: undefined,
  async encode(sections) {
    const blocks: Buffer[] = [];
    let received = Buffer.alloc(0);
    const server = net.createServer((socket) => {
      socket.write(Buffer.from('000000040000000000000000040100000000', 'hex')); // SETTINGS, and the acknowledgement of theirs
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
    client.on('error', () => {});
    await once(client, 'remoteSettings');
    for (const { fields } of sections) {
      const headers = Object.fromEntries(fields.map(([name, value]) => [name, value]));
      const sensitive = fields.filter(([, , isSensitive]) => isSensitive).map(([name]) => name);
      const request = client.request({ ...headers, [http2.sensitiveHeaders]: sensitive }, { endStream: true });
      request.on('error', () => {});
    }
    const ponged = new Promise<void>((resolve) => client.ping(() => resolve()));
    while (blocks.length < sections.length) {
      await Promise.race([ponged, new Promise((resolve) => setImmediate(resolve))]);
      blocks.length = 0;
      collectBlocks(received.subarray(24), blocks);
    }
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
    return blocks;
  },
};

/** Header blocks of a client's frames, CONTINUATION joined. */
function collectBlocks(bytes: Buffer, blocks: Buffer[]): void {
  for (let at = 0, open: Buffer[] = []; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return;
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    if (type === 1 || type === 9) {
      const priority = type === 1 && (flags & 0x20) !== 0 ? 5 : 0;
      open.push(bytes.subarray(at + 9 + priority, end));
      if ((flags & 4) !== 0) {
        blocks.push(Buffer.concat(open));
        open = [];
      }
    }
    at = end;
  }
}

export const hpackPeers = (): HpackPeer[] => [goPeer(), pythonPeer(), nodePeer];
