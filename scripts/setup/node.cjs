// The Node that hopcost measures with: the runtime is part of what is measured, so claims name one.
'use strict';
const { readFileSync } = require('fs');
const { dirname, join } = require('path');
const { fetchedFolder, fetchLocked, manifestOf } = require('./locked.cjs');

const { version: NODE_VERSION, optionalDependencies } = manifestOf('node');
const PLATFORM = `${process.platform}-${process.arch}`;
/** The package with this platform's Node, undefined where there is none. */
const PACKAGE = Object.keys(optionalDependencies).find((name) => name.endsWith(`-${PLATFORM}`));

/** Path of the pinned Node: installed beside hopcost, or fetched by `setupNode`; undefined where there is none. */
function pinnedNode() {
  if (PACKAGE === undefined) return undefined;
  for (const from of [__dirname, fetchedFolder('node')])
    try {
      const file = require.resolve(`${PACKAGE}/package.json`, { paths: [from] });
      if (JSON.parse(readFileSync(file, 'utf8')).version === NODE_VERSION) return join(dirname(file), 'bin/node');
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  return undefined;
}

const usesMusl = () =>
  process.platform === 'linux' && process.report && !process.report.getReport().header.glibcVersionRuntime;

/** `hopcost setup-node`. Returns the exit code. */
function setupNode() {
  const lack =
    PACKAGE === undefined || usesMusl()
      ? `there is none for ${PLATFORM}${PACKAGE === undefined ? '' : ' with musl'}; hopcost runs on any Node from 22.18 on`
      : pinnedNode() === undefined
        ? fetchLocked('node')
        : undefined;
  const node = pinnedNode();
  if (lack === undefined && node !== undefined) {
    console.log(`Node ${NODE_VERSION}: ${node}`);
    return 0;
  }
  console.error(`hopcost: could not fetch Node ${NODE_VERSION}: ${lack}`);
  return 1;
}

module.exports = { NODE_VERSION, pinnedNode, setupNode };
