/** What a stream shows: its own width, and colour where it is wanted. */
import { styleText } from 'node:util';
import type { Terminal } from '#reports/terminal/text.ts';

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over whether the stream is a terminal that has colours. */
export const wantsColour = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): boolean =>
  (env['NO_COLOR'] ?? '') === '' && styleText('bold', 'x', { stream }) !== 'x';

/** Without a width of its own, a file or a pipe has 80 columns. */
export const terminalOf = (stream: NodeJS.WriteStream): Partial<Terminal> => ({
  colour: wantsColour(stream),
  ...(stream.isTTY && { width: stream.columns }),
});
