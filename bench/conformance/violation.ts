/** How a case says that the subject fails, or that it cannot be asked. */

/** The subject broke the rule. `message` is what was expected and what came. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly sent: string;
  readonly expected: string;
  readonly got: string;
  constructor(sent: string, expected: string, got: string) {
    super(`sent ${sent}: expected ${expected}, got ${got}`);
    this.sent = sent;
    this.expected = expected;
    this.got = got;
  }
}

/** The case cannot be put to this subject, which is no fault of its. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Latin-1 text, printable and cut, for messages. */
export function show(text: string, length = 160): string {
  return JSON.stringify(text.length > length ? `${text.slice(0, length)}… (${text.length})` : text);
}
