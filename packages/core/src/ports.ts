/**
 * What the machine needs from the outside, as interfaces the consumer defines. `@trapline/devices` implements these
 * and imports nothing else of core.
 */

/** A memory-mapped device. Offsets are bytes from its base; values are unsigned and `bytes` wide. */
export interface Device {
  readonly name: string;
  /** Undefined is a bus error: the guest takes an access fault. */
  read(offset: number, bytes: 1 | 2 | 4 | 8): bigint | undefined;
  /** False is a bus error. */
  write(offset: number, bytes: 1 | 2 | 4 | 8, value: bigint): boolean;
}

/** One interrupt wire, level triggered. */
export interface IrqLine {
  set(level: boolean): void;
}

/** A hart's machine timer: MTIP is pending while `time >= deadline`; CLINT's mtimecmp drives it. */
export interface TimerLine {
  setDeadline(ticks: bigint): void;
}

/** Guest-visible time. */
export interface Clock {
  readonly frequencyHz: number;
  /** `mtime` now, in ticks. */
  ticks(): bigint;
  /** A guest wrote `mtime`. */
  setTicks(ticks: bigint): void;
}

/** Wall-clock time for a real-time clock device, in nanoseconds since 1970. */
export interface WallClock {
  nanoseconds(): bigint;
}

/**
 * Guest-physical memory as a device may touch it: RAM it was given and nothing else. Views alias guest memory and are
 * valid until the call that obtained them returns; a writer calls `written` after changing bytes (code caches and shadow
 * page tables listen).
 */
export interface DmaMemory {
  /** The bytes at `[address, address+bytes)`, or undefined when they are not all RAM. */
  view(address: bigint, bytes: number): Uint8Array | undefined;
  written(address: bigint, bytes: number): void;
}

/** Storage behind a disk. Offsets and lengths are bytes; either may finish later through a promise. */
export interface DiskBackend {
  readonly bytes: number;
  readonly readOnly: boolean;
  /** True when no method ever returns a promise: devices then transfer straight from and to guest memory. */
  readonly synchronous?: boolean;
  read(offset: number, into: Uint8Array): void | Promise<void>;
  write(offset: number, from: Uint8Array): void | Promise<void>;
  /**
   * Calls `use` with the bytes, in order, where the backend has them in its own memory, at once or later; they are good until `use`
   * returns and are not to be changed. Only of backends for which that saves a copy.
   */
  lend?(offset: number, bytes: number, use: (parts: readonly Uint8Array[]) => void): void | Promise<void>;
  /** Returns once everything written before is durable. */
  flush(): void | Promise<void>;
}

/** Where a serial device's bytes go. */
export interface ByteSink {
  write(byte: number): void;
}

/** Random bytes, seeded in deterministic runs. */
export interface Entropy {
  fill(into: Uint8Array): void;
}

/** State that can be saved and restored as plain structured-clonable data. */
export interface Persistent<State> {
  save(): State;
  restore(state: State): void;
}

/** Why `GuestHart.run` returned. */
export type RunResult =
  /** `budget` instructions were retired or spent. */
  | 'budget'
  /** The hart waits for an interrupt; nothing is pending. */
  | 'idle'
  /** The hart is not started (SBI HSM) or asked to stop. */
  | 'stopped'
  /** `requestStop` was called from inside (a device ended the run, a console text matched). */
  | 'requested';

/** A hart as its guest sees it, bare or virtual: what a board schedules, a debugger inspects and the lockstep compares. */
export interface GuestHart {
  readonly id: number;
  /** Retires up to `budget` instructions; never throws for anything a guest does. */
  run(budget: number): RunResult;
  /** Ends the current `run` at the next instruction boundary. */
  requestStop(): void;
  /** Instructions retired since reset. */
  readonly retired: bigint;
  pc: bigint;
  /** The guest's privilege: 0, 1 or 3. */
  readonly privilege: 0 | 1 | 3;
  /** Integer registers 0..31 as unsigned 64-bit patterns. */
  readX(index: number): bigint;
  writeX(index: number, value: bigint): void;
  /** Floating-point registers 0..31 as 64-bit patterns. */
  readF(index: number): bigint;
  writeF(index: number, value: bigint): void;
  /** A CSR as the guest's M-mode would read it, without side effects; undefined when there is none of that number. */
  peekCsr(csr: number): bigint | undefined;
  /** Interrupt wires into mip. */
  readonly machineSoftware: IrqLine;
  readonly machineExternal: IrqLine;
  readonly supervisorExternal: IrqLine;
  readonly machineTimer: TimerLine;
  /** The earliest tick at which a timer interrupt may become pending, or undefined. */
  readonly nextTimer: bigint | undefined;
  /** Whether an interrupt that is enabled in mie is pending (a waiting hart would wake). */
  readonly wakes: boolean;
}
