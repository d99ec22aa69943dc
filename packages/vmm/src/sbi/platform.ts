import type { DmaMemory } from '@trapline/core';
import type { PrivilegedState } from '@trapline/isa';

/** A hart in the firmware's hands: bare or virtual alike. */
export interface FirmwareHart {
  readonly id: number;
  readonly state: PrivilegedState;
  pc: bigint;
  readX(index: number): bigint;
  writeX(index: number, value: bigint): void;
  /** A stopped hart runs nothing until `halted` is false again. */
  halted: boolean;
  /** Waits for an interrupt, as wfi does. */
  wait(): void;
  /** The privileged state was changed from outside: `touched` is a set of isa's Touched bits. */
  changed(touched: number): void;
  /** Orders address translation for one address or address space, or all (undefined). */
  fence(va: bigint | undefined, asid: number | undefined): void;
}

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

/** One call's arguments: a0..a5. */
export interface SbiCall {
  readonly hart: FirmwareHart;
  readonly platform: SbiPlatform;
  readonly a: readonly [bigint, bigint, bigint, bigint, bigint, bigint];
}
