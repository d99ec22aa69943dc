/** Standard SBI error codes (SBI 2.0, "Binary Encoding"). */
export const SbiError = {
  success: 0n,
  failed: -1n,
  notSupported: -2n,
  invalidParameter: -3n,
  denied: -4n,
  invalidAddress: -5n,
  alreadyAvailable: -6n,
  alreadyStarted: -7n,
  alreadyStopped: -8n,
} as const;

/** What a call returns in a0 and a1; a legacy call returns only `error`, in a0, and leaves a1 alone. */
export interface SbiResult {
  readonly error: bigint;
  readonly value: bigint;
  /** Registers and pc were set by the call itself (a hart that resumed elsewhere, or stopped). */
  readonly placed?: boolean;
}

export const ok = (value = 0n): SbiResult => ({ error: SbiError.success, value });
export const fail = (error: keyof typeof SbiError): SbiResult => ({ error: SbiError[error], value: 0n });
