import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** A terminal's input side, where there is one. */
export type Input = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
export type Output = Writable & {
  readonly isTTY?: boolean;
  /** Size of a terminal, in characters; it emits `resize` when that changes. */
  readonly columns?: number;
  readonly rows?: number;
};

/** What the command touches of the process that runs it: tests give their own. */
export interface Host {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Emits `SIGINT`, `SIGTERM`, `SIGHUP` and `exit`. */
  readonly process: Pick<EventEmitter, 'on' | 'off'>;
}

/** The process itself. */
export const nodeHost = (): Host => ({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  process,
});

/** Writes all of it; resolves when a slow reader has room again. */
export const write = (stream: Writable, data: string | Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded || stream.write(data)) resolve();
    else {
      const done = (): void => {
        stream.off('drain', done).off('close', done);
        resolve();
      };
      stream.on('drain', done).on('close', done);
    }
  });
