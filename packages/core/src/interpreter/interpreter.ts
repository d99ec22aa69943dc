import type { AccessBytes, Decoded } from '@trapline/isa';
import { type Engine, type EngineHart, type EngineHost, Slow, Stop, type StopReason } from '../engine.ts';
import { floatOperation } from '../float/operation.ts';
import { tlbEntries } from '../hart-layout.ts';
import { fillSystemSlot } from '../in-place/slot.ts';
import { decodeCached } from '../reference/engine.ts';
import { type Refills, refillsOf } from '../refill/instance.ts';
import { CodeCache } from './code-cache.ts';
import { type RegionPlaces, regionTableImport } from './enter-region.ts';
import { type GenerateOptions, generateInterpreter } from './generate.ts';
import { handlerOf, isHandled, jumpOf, jumpsRelative, special, straightLengths } from './handlers.ts';
import { type HostFunctions, importModule, memoryImport } from './imports.ts';
import { joinPairs, singleOf } from './pairs.ts';
import {
  codePageBytes,
  fcsrOffset,
  fillSlot,
  fillSpecialSlot,
  slotBytes,
  slotField,
  slotShift,
  straddlingDistance,
} from './slot.ts';
import { recallSlot, rememberSlot } from './slot-memo.ts';
import type { FloatCall } from './slow-row.ts';

/** Pages of predecoded code an interpreter keeps unless told otherwise. */
const defaultCodePages = 1024;

/** Memory an interpreter allocates from its `CoreMemory`, in bytes. */
export const interpreterBytes = (codePages = defaultCodePages): number => codePages * codePageBytes;

export interface InterpreterOptions {
  /** How many pages of predecoded code to keep (32 KiB each, touched only when used). */
  readonly codePages?: number;
  /** Takes over hot code. */
  readonly translator?: RegionOwner;
}

/** What translates hot code: the interpreter counts, enters regions through the table and says when their code changes. */
export interface RegionOwner extends RegionPlaces {
  readonly table: WebAssembly.Table;
  /** Control often reaches the code at `pc`, whose slot is at that byte offset; the last time in that `Mode`. */
  hot(hart: EngineHart, slot: number, pc: bigint, mode: number): void;
  /** Nothing is known of the page's code any more. */
  forgotten(hostPage: number): void;
  /** Whether there are translations of the page's code. */
  isTranslated(hostPage: number): boolean;
  /** The interpreter is about to run: a good time for translation. */
  settle(): void;
}

/**
 * Instructions per call of the wasm function. Its calls must end now and then: a JavaScript engine's optimised code takes over
 * only at the next call.
 */
const chunk = 1 << 20;

const illegalInstruction = 2;
const pageMask = 4095;

interface Compiled {
  readonly module: WebAssembly.Module;
  readonly floatCalls: readonly FloatCall[];
}

// The same places recur from machine to machine.
const compiled = new Map<string, Compiled>();

function compile(options: GenerateOptions): Compiled {
  const { regions } = options;
  const key = [
    options.base,
    options.sharedPages,
    options.fusedMultiplyAdd,
    regions?.heat,
    regions?.replaced,
    regions?.threshold,
  ].join();
  let known = compiled.get(key);
  if (!known) {
    const { bytes, floatCalls } = generateInterpreter(options);
    known = { module: new WebAssembly.Module(bytes), floatCalls };
    compiled.set(key, known);
  }
  return known;
}

/** The interpreter: predecoded code, executed by a wasm module generated from the instruction rows. */
export class Interpreter implements Engine {
  readonly name = 'interpreter';
  readonly #programs = new Map<number, HartProgram>();
  /** Predecoded code. */
  readonly cache: CodeCache;
  readonly #translator: RegionOwner | undefined;
  readonly #refills: Refills;

  constructor(
    private readonly host: EngineHost,
    { codePages = defaultCodePages, translator }: InterpreterOptions = {},
  ) {
    this.#translator = translator;
    this.#refills = refillsOf(host.memory);
    const forgotten = (slots: number, hostPage: number): void => {
      for (const program of this.#programs.values()) program.forget(slots);
      translator?.forgotten(hostPage);
    };
    const isTranslated = (hostPage: number): boolean => translator?.isTranslated(hostPage) ?? false;
    this.cache = new CodeCache(host.memory, host.codePages, { capacity: codePages, forgotten, isTranslated });
  }

  run(hart: EngineHart): StopReason {
    return this.#program(hart).run();
  }

  codeWritten(hostOffset: number, bytes: number): void {
    this.cache.written(hostOffset, bytes);
  }

  #program(hart: EngineHart): HartProgram {
    let program = this.#programs.get(hart.base);
    if (program?.hart !== hart) {
      program = new HartProgram(hart, this.host, {
        cache: this.cache,
        refills: this.#refills,
        translator: this.#translator,
      });
      this.#programs.set(hart.base, program);
    }
    return program;
  }
}

/** What the programs of all harts share. */
interface ProgramParts {
  readonly cache: CodeCache;
  readonly refills: Refills;
  readonly translator: RegionOwner | undefined;
}

/** The wasm instance of one hart and the host functions it calls. */
class HartProgram {
  private readonly cache: CodeCache;
  private readonly refills: Refills;
  private readonly translator: RegionOwner | undefined;
  readonly #run: () => number;
  readonly #floatCalls: readonly FloatCall[];
  /** Four to an entry: tag low, tag high, addend, and the address of the page's first slot. */
  readonly #fetchWords: Int32Array;
  readonly #storeWords: Int32Array;

  constructor(
    readonly hart: EngineHart,
    private readonly host: EngineHost,
    { cache, refills, translator }: ProgramParts,
  ) {
    const { memory } = host;
    this.cache = cache;
    this.refills = refills;
    this.translator = translator;
    const { sharedPages } = memory;
    const { module, floatCalls } = compile({
      base: hart.base,
      fusedMultiplyAdd: this.host.fusedMultiplyAdd,
      ...(sharedPages !== undefined && { sharedPages }),
      ...(translator && { regions: translator }),
    });
    this.#floatCalls = floatCalls;
    const table = translator && { [regionTableImport]: translator.table };
    const imports = { [importModule]: { ...this.#functions(), [memoryImport]: memory.wasm, ...table } };
    const instance = new WebAssembly.Instance(module, imports);
    this.#run = instance.exports.run as () => number;
    const { fetchTlb, storeTlb } = hart.views;
    this.#fetchWords = new Int32Array(fetchTlb.buffer, fetchTlb.byteOffset, 4 * tlbEntries);
    this.#storeWords = new Int32Array(storeTlb.buffer, storeTlb.byteOffset, 4 * tlbEntries);
  }

  /** Runs `left` instructions, in chunks. */
  run(): StopReason {
    const { left, retiredLimit } = this.hart.views;
    for (;;) {
      const rest = Math.max(left[0]! - chunk, 0);
      left[0]! -= rest;
      retiredLimit[0]! -= BigInt(rest);
      this.translator?.settle();
      const reason = this.#run() as StopReason;
      left[0]! += rest;
      retiredLimit[0]! += BigInt(rest);
      if (reason !== Stop.budget || rest === 0) return reason;
    }
  }

  /** Drops the TLBs' links to a page of slots. */
  forget(slots: number): void {
    for (const words of [this.#fetchWords, this.#storeWords]) {
      for (let at = 3; at < words.length; at += 4) if (words[at] === (slots | 0)) words[at] = 0;
    }
  }

  #functions(): HostFunctions {
    const { slow } = this.hart;
    return {
      loadSlow: (va, bytes, signed) => slow.loadSlow(va, bytes as AccessBytes, signed),
      storeSlow: (va, bytes, value) => slow.storeSlow(va, bytes as AccessBytes, value),
      storeWatched: (at, bytes) => slow.storeWatched(at >>> 0, bytes),
      resolveAtomic: (va, bytes) => slow.resolveAtomic(va, bytes as 4 | 8),
      loadReserved: (va, bytes) => slow.loadReserved(va, bytes as 4 | 8),
      storeConditional: (va, bytes, value) => slow.storeConditional(va, bytes as 4 | 8, value),
      illegal: (pc) => this.#illegal(pc),
      float: (operation, rm, a, b, c) => this.#float(operation, rm, [a, b, c]),
      fetch: (pc) => this.#fetch(BigInt.asUintN(64, pc)),
      decode: (slot) => decodeLine(this.host.memory.view, this.cache, slot >>> 0),
      straddle: (slot, pc) => this.#straddle(slot >>> 0, BigInt.asUintN(64, pc)),
      time: () => this.hart.guestTime(),
      refillLoad: this.refills.load,
      refillStore: this.refills.store,
      refillFetch: this.refills.fetch,
      hot: (slot, pc, mode) => this.translator?.hot(this.hart, slot >>> 0, BigInt.asUintN(64, pc), mode),
    };
  }

  #illegal(pc: bigint): number {
    const { slow, views } = this.hart;
    if (slow.fetchWord(pc) === Slow.trap) return Slow.trap;
    views.exitCause[0] = illegalInstruction;
    views.exitTval[0] = BigInt(views.exitWord[0]!);
    return Slow.trap;
  }

  #float(operation: number, rm: number, args: readonly bigint[]): bigint {
    const { name, format } = this.#floatCalls[operation]!;
    const patterns = args.map((arg) => BigInt.asUintN(64, arg));
    const { value, flags } = floatOperation(name, format, patterns, rm);
    const at = this.hart.base + fcsrOffset;
    const { view } = this.host.memory;
    view.setUint32(at, view.getUint32(at, true) | flags, true);
    return value;
  }

  #fetch(pc: bigint): number {
    const { slow, views } = this.hart;
    const page = slow.fetchPage(pc);
    if (page === -2) return this.#leaveForWord(pc);
    if (page === -1) return 1 + Stop.trap;
    const slots = this.cache.slotsOf(page >>> 12);
    const entry = views.fetchTlb.byteOffset + Number((pc >> 12n) % BigInt(tlbEntries)) * 16;
    this.host.memory.view.setUint32(entry + 12, slots, true);
    return 0;
  }

  /** The code may not be cached: the reference evaluator executes it. */
  #leaveForWord(pc: bigint): number {
    return 1 + (this.hart.slow.fetchWord(pc) === Slow.trap ? Stop.trap : Stop.system);
  }

  /** The second half is fetched through the TLB each time and compared, so it needs no watching. */
  #straddle(slot: number, pc: bigint): number {
    const { view } = this.host.memory;
    const second = this.hart.slow.fetchPage(BigInt.asUintN(64, pc + 2n));
    if (second === -2) return this.#leaveForWord(pc);
    if (second === -1) return 1 + Stop.trap;
    const high = view.getUint16(second, true);
    const low = view.getUint16(this.cache.hostOffsetOf(slot), true);
    fillSpecialSlot(view, slot, { handler: special.straddling, operand: high });
    fill(view, slot + straddlingDistance, ((high << 16) | low) >>> 0, undefined);
    return 0;
  }
}

/** Fills an undecoded slot. */
export function decodeSlot(view: DataView, cache: CodeCache, slot: number): void {
  const at = cache.hostOffsetOf(slot);
  const low = view.getUint16(at, true);
  const lastHalfword = (at & pageMask) === pageMask - 1;
  if ((low & 3) === 3 && lastHalfword) {
    fillSpecialSlot(view, slot, { handler: special.straddling, operand: -1 });
    return;
  }
  const word = (low & 3) === 3 ? view.getUint32(at, true) : low;
  fill(view, slot, word, at & pageMask);
  joinPairs(view, slot, at & pageMask);
}

/** So many instructions are decoded at once. */
const longestLine = 32;

/**
 * Fills an undecoded slot, and those of the instructions that are executed next if none of them traps: to come here costs more than to decode.
 * Never past a jump, so that what is decoded is as good as executed for those who ask.
 */
function decodeLine(view: DataView, cache: CodeCache, first: number): void {
  const handler = (at: number): number => view.getUint16(at + slotField.handler, true);
  let slot = first;
  for (let n = 0; n < longestLine; n++) {
    decodeSlot(view, cache, slot);
    const length = straightLengths[singleOf(handler(slot))] ?? 0;
    slot += (length / 2) * slotBytes;
    // The slot after a page's last is filled already.
    if (length === 0 || handler(slot) !== special.undecoded) return;
  }
}

/** Decodes `word` into a slot; `inPage` is its place in its page, if its neighbours are slots of that page. */
function fill(view: DataView, slot: number, word: number, inPage: number | undefined): void {
  if (recallSlot(view, slot, word)) return;
  const decoded = decodeCached(word);
  if (!decoded) fillSpecialSlot(view, slot, { handler: special.illegal, operand: word });
  else if (!isHandled(decoded.row)) fillSystemSlot(view, slot, decoded, special.system);
  else fillSlot(view, slot, decoded, placement(decoded, inPage));
  if (decoded && !jumpsRelative(decoded.row)) rememberSlot(view, slot, word);
}

/** Jumps within their page get the distance in slots instead of bytes. */
function placement(decoded: Decoded, inPage: number | undefined): { handler: number; operand?: number } {
  const target = (inPage ?? 0) + decoded.imm;
  const near = inPage !== undefined && jumpsRelative(decoded.row) && target >= 0 && target <= pageMask;
  const link = jumpOf(decoded.row)?.when === undefined && decoded.rd !== 0;
  const handler = handlerOf(decoded, !near ? 'far' : link || decoded.imm <= 0 ? 'counted' : 'near');
  return near ? { handler, operand: decoded.imm << slotShift } : { handler };
}
