#!/usr/bin/env node
// The command, in JavaScript that old Nodes read too: it finds a Node that hopcost runs on, and has it run the command line. In a
// checkout that is scripts/hopcost.ts as it stands, in a package what was compiled from it.
'use strict';
const { spawn } = require('child_process');
const { existsSync } = require('fs');
const { join } = require('path');
const { pathToFileURL } = require('url');

const ROOT = join(__dirname, '..');
/** The first that runs TypeScript by itself, as bench.config.ts is. */
const OLDEST = [22, 18];
/** `using` is compiled away in a package only. */
const OLDEST_IN_CHECKOUT = [24, 0];

const isCheckout = existsSync(join(ROOT, 'scripts/hopcost.ts'));
const scripts = join(ROOT, isCheckout ? 'scripts' : 'dist/scripts');
const main = join(scripts, isCheckout ? 'hopcost.ts' : 'hopcost.js');

function isAtLeast(oldest) {
  const own = process.versions.node.split('.').map(Number);
  return own[0] > oldest[0] || (own[0] === oldest[0] && own[1] >= oldest[1]);
}

/** The other Node takes the place of this process; where this one is too old for that, it runs below it. */
function runBy(node) {
  const words = [main].concat(process.argv.slice(2));
  if (process.execve) process.execve(node, [node].concat(words), process.env);
  const child = spawn(node, words, { stdio: 'inherit' });
  // A terminal sends SIGINT and SIGQUIT to both; the command decides when it is over.
  for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`hopcost: ${node} cannot be run: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function run() {
  const words = process.argv.slice(2);
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V'))
    return process.stdout.write(`${require('../package.json').version}\n`);
  const { NODE_VERSION, pinnedNode, setupNode } = require(join(scripts, 'setup/node.cjs'));
  const { cacheFolder } = require(join(scripts, 'setup/locked.cjs'));
  if (words.length === 1 && words[0] === 'setup-node') {
    process.exitCode = setupNode();
    return undefined;
  }
  // Compiled code is kept: the next start takes a third of the time. Where it cannot be written, Node goes without.
  process.env.NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE || cacheFolder('compiled');
  const pinned = pinnedNode();
  if (pinned !== undefined && process.version !== `v${NODE_VERSION}`) return runBy(pinned);
  const oldest = isCheckout ? OLDEST_IN_CHECKOUT : OLDEST;
  if (!isAtLeast(oldest)) {
    process.stderr.write(
      `hopcost needs Node ${oldest.join('.')} or later and this is ${process.versions.node}: ` +
        `\`hopcost setup-node\` fetches Node ${NODE_VERSION} for hopcost alone.\n`,
    );
    process.exitCode = 1;
    return undefined;
  }
  require('module').enableCompileCache(process.env.NODE_COMPILE_CACHE);
  process.argv[1] = main;
  return import(pathToFileURL(main).href);
}

void run();
