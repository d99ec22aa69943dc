import type { DmaMemory, FirmwareHart } from '@trapline/core';

/** What the firmware is given. */
export interface SbiPlatform {
  readonly harts: readonly FirmwareHart[];
  readonly memory: DmaMemory;
  readonly console: {
    write(byte: number): void;
    /** The next input byte, or undefined when there is none. */
    read(): number | undefined;
  };
  /** System reset (SBI 2.0, "System Reset Extension"): ends the run. */
  reset(kind: 'shutdown' | 'coldReboot' | 'warmReboot', failure: boolean): void;
}

/** One call: the hart that made it and a0..a5. */
export interface SbiCall {
  readonly hart: FirmwareHart;
  readonly platform: SbiPlatform;
  readonly a: readonly [bigint, bigint, bigint, bigint, bigint, bigint];
  /** Harts that wait because they asked to be suspended: suspended for as long as they wait. */
  readonly suspended: Set<FirmwareHart>;
}
