/** What a `HostError` carries beside its message. */
export interface HostErrorDetails {
  /** What to do about it, as one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A mistake of the host or its configuration (never the guest's): `code` is stable, `hint` says how to fix it. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: HostErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}
