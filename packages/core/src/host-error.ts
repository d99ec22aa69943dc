/**
 * A mistake of the host or the configuration, never of a guest: one sentence naming what is wrong, and a hint that says
 * what to do about it.
 */
export class HostError extends Error {
  override readonly name = 'HostError';
  /** A stable identifier in kebab case, for programs. */
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
