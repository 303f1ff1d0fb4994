/**
 * Loaded before each test file: what the file leaves open ends it as failed, and is named. Without this a test that was cut off by its
 * time limit, and so disposed of nothing, would keep its file, and with that the whole run, alive for ever.
 */
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

const GRACE = 10_000;

/** Workers and forks of a test are started with its arguments, and are not the test. */
const isTestFile = isMainThread && process.argv[1]?.endsWith('.test.ts') === true;

function giveUp(): void {
  console.error(`${process.argv[1]} left open for ${GRACE / 1000} s: ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}

if (isTestFile) after(() => setTimeout(giveUp, GRACE).unref());
