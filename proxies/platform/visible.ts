/** Control characters (C0, DEL, C1) but tab and line feed. */
const CONTROL = /(?![\t\n])\p{Cc}/gu;

/**
 * What a program that is not ours has printed, as it may stand in a terminal or a report: control characters as '\x1b', so that they are
 * seen and do nothing. Lines that end in CR LF end in LF.
 */
export const visible = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replaceAll(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
