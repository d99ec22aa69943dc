import type { AccessBytes } from '@trapline/isa';
import type { HartViews } from './hart-layout.ts';
import type { CoreMemory } from './memory.ts';

/** Why an engine stopped; wasm engines return the number. Everything it says about the hart is in the hart's area. */
export const Stop = {
  /** `left` is 0. */
  budget: 0,
  /** `exitCause` and `exitTval` tell; nothing of the instruction at pc happened. */
  trap: 1,
  /**
   * The instruction at pc (its bits in `exitWord`) is TypeScript's to execute: every row with `system` semantics, and any
   * other row the engine chooses to leave to the reference evaluator. Not retired yet.
   */
  system: 2,
  /** The `stop` flag was set: pc is at an instruction boundary. */
  requested: 3,
} as const;
export type StopReason = (typeof Stop)[keyof typeof Stop];

/** What a slow path came to. */
export const Slow = {
  ok: 0,
  /** `exitCause` and `exitTval` are set; leave with `Stop.trap`, pc at the instruction. */
  trap: 1,
  /** Done, and the engine must leave with `Stop.requested` once this instruction has retired. */
  leave: 2,
} as const;
export type SlowStatus = (typeof Slow)[keyof typeof Slow];

/**
 * What engines call when the TLB does not answer: made for wasm imports (addresses arrive as signed or unsigned i64, results
 * that are not a status go to `slowResult`). The engine stores `left` before it calls. Everything fills the TLB where it may.
 */
export interface SlowPath {
  /** The value goes to `slowResult`, sign- or zero-extended to 64 bits. */
  loadSlow(va: bigint, bytes: AccessBytes, signed: boolean | number): SlowStatus;
  /** The low `bytes` of `value`; both halves of a straddling store are checked before a byte changes. */
  storeSlow(va: bigint, bytes: AccessBytes, value: bigint): SlowStatus;
  /** `bytes` at a host offset, in a page that is watched (`watchedLink`) and holds no code, change: the engine stores them itself. */
  storeWatched(host: number, bytes: number): void;
  /**
   * Host offset of `bytes` of RAM an AMO may read and write, or -1: a trap (misaligned, not RAM, page fault). Drops the page's
   * code. The caller does the read-modify-write itself. A hit in the store TLB on an aligned address needs no call.
   */
  resolveAtomic(va: bigint, bytes: 4 | 8 | 16): number;
  /** LR: the sign-extended value goes to `slowResult`, the reservation is made. */
  loadReserved(va: bigint, bytes: 4 | 8): SlowStatus;
  /** SC: 0 or 1 goes to `slowResult`. */
  storeConditional(va: bigint, bytes: 4 | 8, value: bigint): SlowStatus;
  /**
   * Host offset of the (4096-byte aligned) page of RAM that holds the code at `va`, or -1: a trap with tval `va`, or -2: the
   * page may not be cached (PMP splits it). Fills the fetch TLB unless negative. For the second half of a straddling
   * instruction pass that half's address. After -2 for either half, the engine calls `fetchWord(pc)`.
   */
  fetchPage(va: bigint): number;
  /** The page (host offset >>> 12) that code at `va` is fetched from, without effects; -1 where that is not plain. */
  codePage(va: bigint): number;
  /** Puts the 16 or 32 bits at `va` into `exitWord`, every piece checked: leave with `Stop.system`, or it is a trap. */
  fetchWord(va: bigint): SlowStatus;
}

/** A hart as an engine sees it. */
export interface EngineHart {
  /** Byte offset of the hart's area in the memory. */
  readonly base: number;
  readonly views: HartViews;
  readonly slow: SlowPath;
  /** `time` as instructions executed in place read it. */
  guestTime(): bigint;
}

/** Which pages of RAM hold code that an engine has cached: their stores take the slow path. Pages are `host offset >>> 12`. */
export interface CodePages {
  /** The engine cached code of this page and knows it by `link`, not 0; drops the page's store-TLB entries on every hart. */
  mark(hostPage: number, link: number): void;
  /** The engine holds no more code of this page: stores may be fast again. */
  unmark(hostPage: number): void;
  has(hostPage: number): boolean;
}

/** What an engine is given when it is made. */
export interface EngineHost {
  readonly memory: CoreMemory;
  readonly codePages: CodePages;
  /** The host's relaxed multiply-add may be used: it rounds once. */
  readonly fusedMultiplyAdd: boolean;
  /** The host has WebAssembly's tail calls. */
  readonly tailCalls: boolean;
}

/** What an engine that translates did so far. */
export interface EngineStats {
  /** Instructions that retired in translated code. */
  readonly translated: number;
  /** Regions in use now, and ever made. */
  readonly regions: number;
  readonly translations: number;
  /** Bytes of WebAssembly made, and milliseconds spent making and compiling it. */
  readonly compiledBytes: number;
  readonly compileMilliseconds: number;
}

/** Executes instructions for harts of one memory. */
export interface Engine {
  readonly name: 'interpreter' | 'reference' | 'translator';
  /**
   * Runs from pc until one of the reasons; `left` is the budget on entry (at least 1) and exact on return.
   * Contexts, `floatState` and the CSR bank are right on entry; the engine accrues fflags into the fcsr slot.
   */
  run(hart: EngineHart): StopReason;
  /**
   * Bytes of a marked page change (the call comes just before or just after): forget what was cached of them, including an
   * instruction that starts up to two bytes earlier, in this page or the one before. May unmark the page.
   */
  codeWritten(hostOffset: number, bytes: number): void;
  /** Only of engines that translate. */
  stats?(): EngineStats;
}
