// What is fetched where it is asked for, by npm and by a lockfile with its hashes, into hopcost's cache folder. JavaScript that old Nodes
// read too: fetching the right Node is of use to them first of all.
'use strict';
const { spawnSync } = require('child_process');
const fs = require('fs');
const { homedir } = require('os');
const { join } = require('path');

/** As `proxies/platform/cache.ts` has it. */
const cacheFolder = (part) =>
  join(process.env.HOPCOST_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hopcost'), part);

const folderOf = (name) => join(__dirname, '../../setup', name);
const manifestOf = (name) => JSON.parse(fs.readFileSync(join(folderOf(name), 'package.json'), 'utf8'));
/** Where a set of packages is fetched to: 'node', 'peers'. */
const fetchedFolder = (name) => cacheFolder(`${name}-${manifestOf(name).version}`);

/** The command that fetches them into `folder`, as words. */
const commandFor = (folder) => ['npm', 'ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];

/** Undefined where all is there, else why it is not. What is half done is not left where it would be found. */
function fetchLocked(name) {
  const folder = fetchedFolder(name);
  if (fs.existsSync(folder)) return undefined;
  if (!fs.existsSync(join(folderOf(name), 'package-lock.json')))
    return 'this is a checkout, where `npm ci` installs it with the rest';
  let part;
  try {
    fs.mkdirSync(cacheFolder(''), { recursive: true });
    part = fs.mkdtempSync(`${folder}.part-`);
    for (const file of ['package.json', 'package-lock.json'])
      fs.copyFileSync(join(folderOf(name), file), join(part, file));
    const [file, ...words] = commandFor(part);
    const ended = spawnSync(file, words, { cwd: part, encoding: 'utf8' });
    if (ended.error) return `npm cannot be run: ${ended.error.message}`;
    if (ended.status !== 0) return `${file} ${words[0]} ended with ${ended.status}:\n${ended.stderr.trim()}`;
    fs.chmodSync(part, 0o755); // whoever may see the cache folder may use it
    fs.renameSync(part, folder);
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    if (part && fs.existsSync(part)) fs.rmSync(part, { recursive: true, force: true });
  }
}

module.exports = { cacheFolder, commandFor, fetchedFolder, fetchLocked, manifestOf };
