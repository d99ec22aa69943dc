/** The command's exit codes; a guest's own code is passed through. */
export const ExitCode = {
  ok: 0,
  /** A conformance test failed, a check of doctor failed. */
  failed: 1,
  usage: 2,
  /** A `--fail` text was seen. */
  failText: 122,
  instructionLimit: 123,
  timeout: 124,
  /** The host side failed: a file, memory, a broken Node. */
  host: 125,
} as const;

/** The code of a command ended by a signal, as shells count. */
export const signalExitCode = (signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): number =>
  128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
