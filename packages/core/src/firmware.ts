import type { PrivilegedState, Trap } from '@trapline/isa';
import type { GuestHart } from './ports.ts';

/** A guest's hart as firmware on the host sees it: what M-mode software would see, bare or virtual. */
export interface FirmwareHart extends GuestHart {
  /** Its privileged state; after writing to it call `changed`. */
  readonly state: PrivilegedState;
  /** What `Touched` bits say was changed in `state`. */
  changed(touched: number): void;
  /** sfence.vma on this hart on behalf of another one. */
  fence(va: bigint | undefined, asid: number | undefined): void;
  /** Stops the hart (`run` answers 'stopped') until `start`. */
  halt(): void;
  readonly halted: boolean;
  /** Starts in S-mode at `pc` with the hart id in a0 and `opaque` in a1, translation and interrupts off. */
  start(pc: bigint, opaque: bigint): void;
  /** Waits as wfi does. */
  wait(): void;
  /** Whether it waits now, in wfi or since `wait`. */
  readonly waiting: boolean;
}

/** Machine-mode software that runs on the host: it is asked before a trap is delivered to M-mode. */
export interface Firmware {
  /**
   * True: handled, the hart goes on at its pc (which is still at the trapping instruction unless the firmware moved it);
   * false: the trap is delivered to the guest's own M-mode.
   */
  handle(hart: FirmwareHart, trap: Trap): boolean;
}
