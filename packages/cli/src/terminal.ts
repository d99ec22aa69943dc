import { type Command, EscapeKeys } from './escape-keys.ts';
import { ExitCode, signalExitCode } from './exit-codes.ts';
import type { Host } from './host.ts';

/** What a session at the console tells its owner. */
export interface SessionEvents {
  input(bytes: Uint8Array): void;
  command(command: Command): void;
  /** The session must end with this exit code: a signal came, or nobody reads our output any more. */
  end(code: number): void;
}

/** The user's side of a guest's console while it runs. */
export interface Session {
  /** Whether output needs carriage returns of its own. */
  readonly raw: boolean;
  /** Puts the terminal back and lets stdin and signals go; may be called again. */
  close(): void;
}

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/**
 * Connects stdin and signals. On a terminal stdin becomes raw, so that Ctrl-C reaches the guest, and Ctrl-A commands are
 * recognised; every way out of the process puts it back. A closed stdin is no input, not an error.
 */
export function openSession(host: Host, events: SessionEvents): Session {
  const { stdin, stdout } = host;
  const raw = stdin.isTTY === true && stdin.setRawMode !== undefined;
  const keys = new EscapeKeys();
  const restore = (): void => {
    if (raw) stdin.setRawMode?.(false);
  };
  const typed = (chunk: Uint8Array | string): void => {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : new Uint8Array(chunk);
    for (const piece of raw ? keys.feed(bytes) : [bytes])
      if (typeof piece === 'string') events.command(piece);
      else if (piece.length > 0) events.input(piece);
  };
  const ignore = (): void => {};
  const readerGone = (): void => events.end(ExitCode.host);
  const handlers = SIGNALS.map((signal) => [signal, () => events.end(signalExitCode(signal))] as const);
  if (raw) stdin.setRawMode?.(true);
  stdin.on('data', typed).on('error', ignore).resume();
  stdout.on('error', readerGone);
  host.process.on('exit', restore);
  for (const [signal, handler] of handlers) host.process.on(signal, handler);
  return {
    raw,
    close() {
      restore();
      stdin.off('data', typed).pause();
      stdout.off('error', readerGone);
      host.process.off('exit', restore);
      for (const [signal, handler] of handlers) host.process.off(signal, handler);
    },
  };
}
