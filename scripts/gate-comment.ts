/**
 * `node scripts/gate-comment.ts GATE.JSON`: the comment for a pull request on stdout, of a result that anybody may have written. It runs
 * where a token may write, on the code of the default branch alone. Exit code 2 where the file is no result, with nothing on stdout.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { LONGEST_RESULT, readResult, ResultError } from '#bench/gate/read-result.ts';
import { explain } from '#bench/model/errors.ts';
import { comment } from '#reports/gate/comment.ts';
import { EXIT } from './exit.ts';

function textOf(file: string): string {
  const found = lstatSync(file);
  // A link in somebody else's artifact would be followed to what lies here.
  if (!found.isFile()) throw new ResultError('expected a file');
  if (found.size > 4 * LONGEST_RESULT) throw new ResultError(`expected at most ${LONGEST_RESULT} characters`);
  return readFileSync(file, 'utf8');
}

const [file = 'gate.json'] = process.argv.slice(2);
try {
  process.stdout.write(comment.render(readResult(textOf(file))));
} catch (error) {
  process.stderr.write(`${file} is no result of a gate: ${explain(error)}\n`);
  process.exitCode = EXIT.usage;
}
