/**
 * Regular expressions over what clients send: matched in time linear in the text, whatever the expression, by V8's own automaton.
 * It knows no look-around and no back-references, as RE2 knows none, and only small counted repetitions.
 */
import { setFlagsFromString } from 'node:v8';

// Lets expressions ask for the automaton by their flag `l`; no other expression is changed by it.
setFlagsFromString('--enable-experimental-regexp-engine');

/** What RE2 writes otherwise than ECMAScript: refused, for it would mean something else here. */
const RE2_ONLY = /\\[AQECzpP]|\[\[:|\(\?(?!:)/;

/** Throws `TypeError` for an expression that cannot be matched in linear time, or means something else elsewhere. */
function linear(pattern: string, flags: string): RegExp {
  const foreign = RE2_ONLY.exec(pattern)?.[0];
  if (foreign !== undefined)
    throw new TypeError(`regular expression ${JSON.stringify(pattern)}: ${foreign} is not supported`);
  try {
    return new RegExp(pattern, `l${flags}`);
  } catch (error) {
    throw new TypeError(`regular expression ${JSON.stringify(pattern)}: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether the whole of a text matches. */
export function compileWhole(pattern: string): (text: string) => boolean {
  const expression = linear(`^(?:${pattern})$`, '');
  return (text) => expression.test(text);
}

/** Whether some part of a text matches. */
export function compileSearch(pattern: string): (text: string) => boolean {
  const expression = linear(pattern, '');
  return (text) => expression.test(text);
}

/** Every match replaced; `$1` in `substitution` is what the first group took. */
export function compileReplacement(pattern: string, substitution: string): (text: string) => string {
  const expression = linear(pattern, 'g');
  return (text) => text.replace(expression, substitution);
}
