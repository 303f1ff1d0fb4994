/** The life of a peer's process, with a planted program in place of a proxy: runs everywhere, whatever is installed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchPeer } from '#proxies/peers/launch.ts';
import { alive, exchange, folders, isRefused, tcpEcho, until } from './origin.ts';
import { checkBy, planted } from './planted.ts';

const skip = process.platform !== 'linux' && 'process groups are read from /proc';
const soon = () => AbortSignal.timeout(15_000);

test('starts, answers, stops', { skip }, async () => {
  const peer = await launchPeer(planted('listens', checkBy('approves')), soon());
  assert.equal(await exchange(peer.address, 'hello'), 'hello');
  assert.equal(peer.pids.length, 1);
  assert.match(peer.nativeConfig, /^\$ node .*\n\n# planted.conf\nbehave listens\n$/);
  assert.equal(peer.nativeConfig.includes('SECRET'), false);
  await peer[Symbol.asyncDispose]();
  assert.deepEqual(alive(peer.pids), []);
  assert.deepEqual(folders(), []);
  assert.equal(await isRefused(peer.address), true);
});

test('is ready when all its processes run, and reports them', { skip }, async () => {
  await using peer = await launchPeer(planted('has workers', { processes: 3 }), soon());
  assert.equal(peer.pids.length, 3);
  assert.deepEqual(alive(peer.pids), peer.pids);
});

test('a crashed master takes its workers with it', { skip }, async () => {
  const peer = await launchPeer(planted('has workers', { processes: 3 }), soon());
  const warned = once(process, 'warning', { signal: soon() });
  process.kill(peer.pids[0]!, 'SIGKILL');
  await warned;
  await peer[Symbol.asyncDispose]();
  assert.deepEqual(alive(peer.pids), []);
  assert.deepEqual(folders(), []);
});

test('one that hears no TERM is killed', { skip }, async () => {
  const peer = await launchPeer(planted('hears no TERM'), soon());
  await peer[Symbol.asyncDispose]();
  assert.deepEqual(alive(peer.pids), []);
});

test('one that exits at once is reported with its last lines and its configuration', { skip }, async () => {
  await assert.rejects(launchPeer(planted('exits at once'), soon()), {
    name: 'PeerError',
    code: 'EXITED',
    message:
      /^planted: Planted 1\.2\.3 .* exited at once \(code 3\).*first line\nlast words\n--- planted\.conf\nbehave/s,
  });
  assert.deepEqual(folders(), []);
});

test('a configuration that its checker refuses never starts', { skip }, async () => {
  await assert.rejects(launchPeer(planted('listens', checkBy('refuses')), soon()), {
    code: 'CONFIG_REFUSED',
    message: /^planted: Planted 1\.2\.3 .* refuses its configuration .*"nonsense" in line 1\n--- planted.*What to do:/s,
  });
  assert.deepEqual(folders(), []);
});

test('another port is taken where somebody was quicker', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hopcost-planted-'));
  try {
    const env = { PLANTED_MARK: join(folder, 'mark') };
    await using peer = await launchPeer(planted('finds its port taken once', { env }), soon());
    assert.equal(await exchange(peer.address, 'second try'), 'second try');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a port that was asked for and is taken is an error at once', { skip }, async () => {
  await using holder = await tcpEcho();
  await assert.rejects(launchPeer(planted('listens', {}, { listen: holder.address }), soon()), { code: 'EADDRINUSE' });
  assert.deepEqual(folders(), []);
});

test('an aborted start leaves nothing', { skip }, async () => {
  const aborter = new AbortController();
  // It runs, but is never complete.
  const start = launchPeer(planted('listens', { processes: 9 }), aborter.signal);
  await until('its folder', () => folders().length === 1);
  aborter.abort();
  await assert.rejects(start, { name: 'AbortError' });
  assert.deepEqual(folders(), []);
});

test('a killed host leaves no process; the next start removes its folder', { skip }, async () => {
  const host = spawn(process.execPath, [join(import.meta.dirname, 'planted-host.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(host.stdout, 'data', { signal: soon() })) as [Buffer];
  const pids = JSON.parse(line.toString()) as number[];
  assert.equal(pids.length, 3);
  assert.equal(folders(host.pid).length, 1);
  const exited = once(host, 'exit');
  host.kill('SIGKILL');
  await exited;
  await until('the master ended', () => alive(pids.slice(0, 1)).length === 0);
  await until('its workers ended', () => alive(pids).length === 0);
  await using peer = await launchPeer(planted('listens'), soon());
  assert.deepEqual(folders(host.pid), []);
  assert.equal(peer.pids.length, 1);
});
