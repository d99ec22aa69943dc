import { csrSlots } from '@trapline/isa';
import { mostRecords, recordWords } from './in-place/record-layout.ts';
import { contextFactsWords } from './refill/context-facts.ts';
import { largePagesBytes } from './refill/large-pages.ts';
import { maxSpans, spanBytes } from './refill/spans.ts';

/**
 * The state of one hart in wasm memory, as one table: byte offsets for engines and views for TypeScript derive from it.
 * Engines may append rows for their own use (before the TLBs is fine: nothing but `x`, `sink` and `f` has a fixed place).
 */

/** Direct-mapped entries in each TLB; the index is `(va >> 12) % tlbEntries`. */
export const tlbEntries = 1024;

/** Bytes of a TLB entry: i64 tag, i32 addend, i32 link: what the engine knows the page's code by, for fetches and guarded stores; or 0. */
export const tlbEntryBytes = 16;

/** Bits of a tag that hold the context number; above them are the guard bit and the page address. Context 0 is never used: tag 0 is empty. */
export const contextBits = 11;

/** In the tag of a store entry: the page holds code, so that stores to it take the slow path. Engines know better than to hit it. */
export const guardBit = 2 ** contextBits;

/** `floatState` when the registers differ from what is saved of them: mstatus.FS Dirty. */
export const floatDirty = 3;

/** Flipped in the `invalid` field: the address that gives 0 is in no translated space. */
export const invalidMark = 1n << 63n;

/** Fills of the TLBs that are noted one by one; after more of them a fence clears the TLBs as a whole. */
export const notedFills = 64;

/** Entries of 16 bytes in the table of prepared contexts. */
export const preparedEntries = 256;

/**
 * Name, element type and count of every field.
 *
 * `x`, `sink` and `f` are the unified register slots: slot * 8 is the byte offset (0..31 x; 32 swallows writes to x0; 33..64 f).
 */
export const hartFields = {
  x: { type: 'u64', count: 32 },
  sink: { type: 'u64', count: 1 },
  f: { type: 'u64', count: 32 },
  /** The next instruction to execute; exact whenever TypeScript runs, except inside slow-path calls of an engine. */
  pc: { type: 'u64', count: 1 },
  /** `retired = retiredLimit - left`; the engine stores `left` before it calls out and when it returns. */
  retiredLimit: { type: 'u64', count: 1 },
  left: { type: 'i32', count: 1 },
  /** Nonzero: leave at the next instruction boundary with `requested`. Looked at after slow-path calls. */
  stop: { type: 'i32', count: 1 },
  /** Cause and tval of a trap (set by slow paths and engines), word of a system instruction. */
  exitCause: { type: 'i32', count: 1 },
  exitWord: { type: 'u32', count: 1 },
  exitTval: { type: 'u64', count: 1 },
  /** What a slow load (already extended), LR or SC returned. */
  slowResult: { type: 'u64', count: 1 },
  /** Context numbers, 1..2047: `tag = page address | context`. Data serves loads and stores. */
  dataContext: { type: 'u64', count: 1 },
  fetchContext: { type: 'u64', count: 1 },
  /** The LR reservation as the host offset of its first byte (RAM only) and its length: 0 is none. */
  reservation: { type: 'u32', count: 1 },
  reservationBytes: { type: 'i32', count: 1 },
  /** mstatus.FS as engines see it: 0 off (F and D instructions are illegal); they store 3 when they dirty the state. */
  floatState: { type: 'i32', count: 1 },
  pad: { type: 'i32', count: 1 },
  /** The indirect jump by which control last left translated code for a place it did not expect. */
  cameFrom: { type: 'u64', count: 1 },
  /** Instructions that retired in translated code, for statistics. */
  translated: { type: 'u64', count: 1 },
  /** Ways out of translated code because what it takes for one page is not. */
  apart: { type: 'u32', count: 1 },
  /** The interpreter's copy of a predecoded slot while its instruction runs out of line and may change the code it came from. */
  slotCopy: { type: 'u64', count: 2 },
  /** The CSR bank by isa's dense slots; the fcsr slot holds fflags (bits 4..0) and frm (7..5) and is engines' own too. */
  csrs: { type: 'u64', count: csrSlots },
  loadTlb: { type: 'u64', count: (tlbEntries * tlbEntryBytes) / 8 },
  storeTlb: { type: 'u64', count: (tlbEntries * tlbEntryBytes) / 8 },
  fetchTlb: { type: 'u64', count: (tlbEntries * tlbEntryBytes) / 8 },
  // What follows is derived, and not part of a saved state.
  /** The privilege of the state this area holds. */
  privilege: { type: 'i32', count: 1 },
  /** Whether an interrupt enabled in mie is pending: an instruction that may unmask it is not executed in place. */
  interruptWaits: { type: 'i32', count: 1 },
  /** Byte offset of the area whose privileged state system instructions change in place: the hart's own or its virtual hart's; 0: none. */
  bank: { type: 'u32', count: 1 },
  /** An instruction in place changed privilege or contexts, or passed an sfence.vma, since TypeScript looked. */
  switched: { type: 'i32', count: 1 },
  fenced: { type: 'i32', count: 1 },
  /** Traps taken in place that the clock was not told of. */
  trapped: { type: 'u32', count: 1 },
  /** Bit n: system instructions of kind n are not executed in place. */
  intercepted: { type: 'u64', count: 1 },
  /** Whether system instructions in place are recorded, which CSR (a byte offset from the bank; 0: not recorded) by kind, how many were, and what they did. */
  recording: { type: 'i32', count: 1 },
  recordedCsrs: { type: 'u32', count: 64 },
  recorded: { type: 'u32', count: 1 },
  records: { type: 'u64', count: mostRecords * recordWords },
  /** Known contexts by satp and rules: see in-place/prepared.ts. */
  prepared: { type: 'u64', count: 2 * preparedEntries },
  /** What the refill of a TLB needs: see refill/. Contexts by number, RAM, large pages entries came from, what code pages are known by. */
  contextFacts: { type: 'u64', count: contextFactsWords * 2 ** contextBits },
  spans: { type: 'u64', count: ((maxSpans + 1) * spanBytes) / 8 },
  largePages: { type: 'u64', count: largePagesBytes / 8 },
  codeLinks: { type: 'u32', count: 1 },
  /** Which TLB entries were filled since the TLBs were last empty, by their byte offsets; how many, more than there is room for included. */
  filled: { type: 'u32', count: notedFills },
  fills: { type: 'u32', count: 1 },
  /** Stores beside code that nobody was told of. */
  guardedStores: { type: 'u32', count: 1 },
  /** Misses that a refill answered. */
  refills: { type: 'u64', count: 1 },
  /** Derived tables: see refill/derive.ts. What is known of the guest's own translation, by the number of the context that is derived from it. */
  guestFacts: { type: 'u64', count: contextFactsWords * 2 ** contextBits },
  /** The pages the tables are made of, by host page numbers: the first and how many; where their records are (0: nothing is derived). */
  derivedPages: { type: 'u32', count: 2 },
  derivedRecords: { type: 'u32', count: 1 },
  /** What added to a host offset gives the address entries have. */
  derivedBias: { type: 'u64', count: 1 },
  /** What the last examination found: the leaf, the host offsets of the entries by their level, log2 of the page's bytes (0: untranslated), and what PMP allows there. */
  walkedLeaf: { type: 'u64', count: 1 },
  walkedEntries: { type: 'u32', count: 6 },
  walkedSize: { type: 'u32', count: 1 },
  walkedAllowed: { type: 'u32', count: 1 },
  /** The address, its highest bit flipped, whose refill or examination has just met an entry that is not valid; else 0. */
  invalid: { type: 'u64', count: 1 },
  /** The same of a refill that gave up where the tables of the state in `bank` make the access a page fault. */
  fault: { type: 'u64', count: 1 },
} as const satisfies Record<string, { type: ElementType; count: number }>;

type ElementType = 'i32' | 'u32' | 'u64';
export type HartField = keyof typeof hartFields;

const elements = {
  i32: { bytes: 4, view: (b: ArrayBufferLike, o: number, n: number) => new Int32Array(b, o, n) },
  u32: { bytes: 4, view: (b: ArrayBufferLike, o: number, n: number) => new Uint32Array(b, o, n) },
  u64: { bytes: 8, view: (b: ArrayBufferLike, o: number, n: number) => new BigUint64Array(b, o, n) },
} as const;

/** Views of a hart's fields over its memory; scalars are views of one element. */
export type HartViews = {
  readonly [F in HartField]: ReturnType<(typeof elements)[(typeof hartFields)[F]['type']]['view']>;
};

const layOut = (): { offsets: Record<HartField, number>; bytes: number } => {
  let end = 0;
  const offsets = {} as Record<HartField, number>;
  for (const [name, { type, count }] of Object.entries(hartFields)) {
    const size = elements[type].bytes;
    const start = Math.ceil(end / size) * size;
    offsets[name as HartField] = start;
    end = start + size * count;
  }
  return { offsets, bytes: Math.ceil(end / 4096) * 4096 };
};

const laidOut = layOut();

/** Byte offset of every field from the base of a hart's area. */
export const hartOffsets: Readonly<Record<HartField, number>> = laidOut.offsets;

/** Bytes of a hart's area, whole pages. */
export const hartBytes: number = laidOut.bytes;

/** The byte offset of a CSR's slot from the base of a hart's area. */
export const csrOffset = (slot: number): number => hartOffsets.csrs + 8 * slot;

/** TypeScript's views of the hart area at byte offset `base`. */
export const hartViews = (buffer: ArrayBufferLike, base: number): HartViews => {
  const views: Record<string, unknown> = {};
  for (const [name, { type, count }] of Object.entries(hartFields)) {
    views[name] = elements[type].view(buffer, base + hartOffsets[name as HartField], count);
  }
  return views as HartViews;
};
