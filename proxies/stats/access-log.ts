/** One JSON line per request or connection, collected in memory and appended in pieces: a log must not cost a write a request. */
import { open } from 'node:fs/promises';
import type { Traffic } from './traffic.ts';

const FLUSH_BYTES = 64 * 1024;
const FLUSH_MILLIS = 1000;
/** What may wait for a slow disk; beyond it, lines are lost and counted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export interface AccessLog extends AsyncDisposable {
  write(record: object): void;
  /** Lines that the disk was too slow for, or that it refused. */
  readonly lost: number;
}

/** Counts and tells lost lines where everything else of the proxy is counted. */
export const lossesTo =
  (traffic: Traffic) =>
  (lines: number, why: string): void =>
    traffic.because('access_log_failed', () => `${lines} line(s) of the access log are lost: ${why}`, lines);

/** What is asked of the file below; a test may put another there. */
export interface LogFile {
  write(bytes: Buffer): Promise<{ readonly bytesWritten: number }>;
  close(): Promise<void>;
}

/** What must not be opened anew: it may be a socket, as it is for who runs this as a child. */
const STREAMS = new Map<string, NodeJS.WritableStream>([
  ['/dev/stdout', process.stdout],
  ['/dev/stderr', process.stderr],
]);

async function openLogFile(path: string): Promise<LogFile> {
  const stream = STREAMS.get(path);
  if (!stream) return open(path, 'a');
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve({ bytesWritten: bytes.length })));
      }),
    close: () => Promise.resolve(),
  };
}

/**
 * Appends to `path`, creating it; `/dev/stdout` and `/dev/stderr` are this process's. Rejects with the system's error where it cannot be opened. `onLost` is told of lines that are lost
 * later, and why.
 */
export async function openAccessLog(
  path: string,
  onLost: (lines: number, why: string) => void = () => {},
  openFile: (path: string) => Promise<LogFile> = openLogFile,
): Promise<AccessLog> {
  const file = await openFile(path);
  let waiting: string[] = [];
  let waitingBytes = 0;
  let lost = 0;
  /** The file ends amid a line, of which a full disk took no more. */
  let cut = false;
  let flushing: Promise<void> | undefined;

  function lose(lines: number, why: string): void {
    lost += lines;
    onLost(lines, why);
  }

  async function append(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      waitingBytes = 0;
      // One append a piece: lines of several event loops never mix within a line.
      let rest: Buffer = Buffer.from(`${cut ? '\n' : ''}${lines.join('')}`);
      try {
        while (rest.length > 0) {
          const { bytesWritten } = await file.write(rest);
          cut = bytesWritten > 0 ? rest[bytesWritten - 1] !== NEWLINE : cut;
          rest = rest.subarray(bytesWritten);
        }
      } catch (error) {
        const unwritten = String(rest).split('\n').length - 1;
        lose(Math.min(unwritten, lines.length), (error as Error).message);
      }
    }
  }

  /** One append at a time; those who ask meanwhile get the one under way. */
  function flush(): Promise<void> {
    flushing ??= append().finally(() => (flushing = undefined));
    return flushing;
  }

  const timer = setInterval(() => void flush(), FLUSH_MILLIS);
  timer.unref();
  return {
    write(record) {
      const line = `${JSON.stringify(record)}\n`;
      if (waitingBytes + line.length > MAX_WAITING_BYTES) {
        lose(1, 'the disk is too slow');
        return;
      }
      waiting.push(line);
      waitingBytes += line.length;
      if (waitingBytes >= FLUSH_BYTES) void flush();
    },
    get lost() {
      return lost;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      // The append under way may have been past its last look at what waits.
      do await flush();
      while (waiting.length > 0);
      await file.close();
    },
  };
}

const NEWLINE = 10;
