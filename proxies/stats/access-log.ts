/** One JSON line per request or connection, collected in memory and appended in pieces: a log must not cost a write a request. */
import { open } from 'node:fs/promises';

const flushBytes = 64 * 1024;
const flushMillis = 1000;
/** What may wait for a slow disk; beyond it, lines are lost and counted. */
const maxWaitingBytes = 16 * 1024 * 1024;

export interface AccessLog extends AsyncDisposable {
  write(record: object): void;
  /** Lines that the disk was too slow for, or that it refused. */
  readonly lost: number;
}

/** What must not be opened anew: it may be a socket, as it is for who runs this as a child. */
const STREAMS = new Map<string, NodeJS.WritableStream>([
  ['/dev/stdout', process.stdout],
  ['/dev/stderr', process.stderr],
]);

async function openFile(path: string): Promise<{ appendFile(text: string): Promise<void>; close(): Promise<void> }> {
  const stream = STREAMS.get(path);
  if (!stream) return open(path, 'a');
  return {
    appendFile: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(),
  };
}

/** Appends to `path`, creating it; `/dev/stdout` and `/dev/stderr` are this process's. Rejects with the system's error where it cannot be opened. */
export async function openAccessLog(path: string): Promise<AccessLog> {
  const file = await openFile(path);
  let waiting: string[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let flushing: Promise<void> | undefined;

  async function append(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      waitingBytes = 0;
      try {
        // One append a piece: lines of several event loops never mix within a line.
        await file.appendFile(lines.join(''));
      } catch {
        lost += lines.length;
      }
    }
  }

  /** One append at a time; those who ask meanwhile get the one under way. */
  function flush(): Promise<void> {
    flushing ??= append().finally(() => (flushing = undefined));
    return flushing;
  }

  const timer = setInterval(() => void flush(), flushMillis);
  timer.unref();
  return {
    write(record) {
      const line = `${JSON.stringify(record)}\n`;
      if (waitingBytes + line.length > maxWaitingBytes) {
        lost++;
        return;
      }
      waiting.push(line);
      waitingBytes += line.length;
      if (waitingBytes >= flushBytes) void flush();
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
