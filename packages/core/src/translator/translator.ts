import type { Decoded } from '@trapline/isa';
import type { Engine, EngineHart, EngineHost, EngineStats, StopReason } from '../engine.ts';
import {
  heatCounters,
  Mode,
  maxRegions,
  regionHandler,
  regionTableImport,
  untoldApart,
} from '../interpreter/enter-region.ts';
import { firstRowHandler, special } from '../interpreter/handlers.ts';
import { importModule, memoryImport } from '../interpreter/imports.ts';
import { decodeSlot, Interpreter, interpreterBytes, type RegionOwner } from '../interpreter/interpreter.ts';
import { separatePairs } from '../interpreter/pairs.ts';
import { slotBytes, slotField } from '../interpreter/slot.ts';
import { type CoreMemory, importLimits } from '../memory.ts';
import { decodeCached } from '../reference/engine.ts';
import { refillsOf } from '../refill/instance.ts';
import { csrInRegion } from './csr-step.ts';
import { type Block, type Code, discover, isReturn, type Limits, pageOf } from './discover.ts';
import { knownPagesBytes } from './known-pages.ts';
import { nextExport, nextRegionModule } from './next-region.ts';
import { type Extent, type Installed, RegionCache, touches } from './region-cache.ts';
import type { Region } from './region-code.ts';
import { regionModule } from './region-module.ts';
import { unrolled } from './unroll.ts';

/** How eagerly code is translated. */
export interface TranslatorOptions {
  /** Arrivals at a jump target that make it hot. */
  readonly threshold?: number;
  /** Hot places translated together (1: each at once), and milliseconds the first of them waits for others. */
  readonly batch?: number;
  readonly patienceMilliseconds?: number;
  /** So much WebAssembly, in bytes, is kept; beyond it everything is dropped, and what is still hot is translated anew. */
  readonly cacheBytes?: number;
  /** Whether code that was never executed is translated along with its hot neighbours. */
  readonly unseen?: boolean;
}

const defaultThreshold = 20000;
const defaultBatch = 32;
const defaultPatience = 5;
const defaultCacheBytes = 16 << 20;
/**
 * Most code of a kernel is warm, and there is much of it: regions are narrow first, so that they seldom hold the same code twice. Those that are
 * entered often are made anew, wide. How wide is no matter of what is right.
 */
const narrow: Limits = { instructions: 100, callDepth: 0 };
const wide: Limits = { instructions: 300, callDepth: 2 };
/** So many times `threshold` entries of a narrow region are often. */
const oftenEntered = 8;

/** The part of the time that translation may take, after a first allowance. */
const mostOfTime = 0.15;
const graceMilliseconds = 100;

/** So many targets of an indirect jump are told apart, and so far away. */
const mostTargets = 16;
const farthestTarget = 0x10_0000;

/** Where regions are left more often than once in so many instructions, each access may look for its page. */
const fewestBetween = 20_000;
/** Of so many pages of code that is kept in mind. */
const mostApart = 1024;

const heatBytes = 2 * heatCounters;
const replacedBytes = 2 * maxRegions;

/** Memory a translator allocates from its `CoreMemory`, in bytes, its interpreter's included. */
export const translatorBytes = (): number => interpreterBytes() + heatBytes + replacedBytes + knownPagesBytes;

/** A hot place, waiting for translation. */
interface Candidate {
  readonly hart: EngineHart;
  readonly slot: number;
  readonly pc: bigint;
  readonly hostPage: number;
  readonly limits: Limits;
}

/** A region and what it was made of. */
interface Prepared {
  readonly origin: Candidate;
  readonly slot: number;
  readonly region: Region;
  readonly jumps: ReadonlySet<number>;
  readonly extents: readonly Extent[];
}

/** The interpreter, and regions of hot code as WebAssembly that it enters. */
export class Translator implements Engine, RegionOwner {
  readonly name = 'translator';
  readonly heat: number;
  readonly replaced: number;
  readonly threshold: number;
  readonly table: WebAssembly.Table;
  readonly #host: EngineHost;
  readonly #knownPages: number;
  readonly #interpreter: Interpreter;
  readonly #regions: RegionCache;
  /** What modules of regions may import. */
  readonly #imports: WebAssembly.ModuleImports;
  readonly #unseen: boolean;
  readonly #batch: number;
  readonly #patience: number;
  readonly #harts = new Set<EngineHart>();
  readonly #queue = new Map<number, Prepared>();
  #waitingSince = 0;
  #started: number | undefined;
  /** Slots that cannot be translated, as the code is now. */
  readonly #refused = new Set<number>();
  /** Where regions were translated from, by their slots. */
  readonly #origins = new Map<number, Candidate>();
  /** What became known of regions' indirect jumps, by their slots, as a count. */
  readonly #news = new Map<number, number>();
  /** Distances that indirect jumps often went, by the host offsets of the jumps. */
  readonly #jumps = new Map<number, Set<number>>();
  /** Pages of code that was often left because what its accesses share was not one page. */
  readonly #apart = new Set<number>();
  /** What had retired in translated code when that was last noticed. */
  readonly #lastApart = new WeakMap<EngineHart, number>();
  #translations = 0;
  #compiledBytes = 0;
  /** Of the regions that may still be in use. */
  #keptBytes = 0;
  readonly #mostBytes: number;
  #compileMilliseconds = 0;

  constructor(host: EngineHost, options: TranslatorOptions = {}) {
    this.#host = host;
    this.threshold = options.threshold ?? defaultThreshold;
    this.#unseen = options.unseen ?? false;
    this.#batch = options.batch ?? defaultBatch;
    this.#patience = options.patienceMilliseconds ?? defaultPatience;
    this.#mostBytes = options.cacheBytes ?? defaultCacheBytes;
    this.heat = host.memory.allocate(heatBytes);
    this.replaced = host.memory.allocate(replacedBytes);
    this.#knownPages = host.memory.allocate(knownPagesBytes);
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: maxRegions });
    this.#regions = new RegionCache(host.memory.view, this.table, this.replaced, (slot) => this.#stand(slot));
    this.#interpreter = new Interpreter(host, { translator: this });
    this.#imports = this.#importsOf(host.memory);
  }

  #importsOf(memory: CoreMemory): WebAssembly.ModuleImports {
    const { load, store } = refillsOf(memory);
    const imports = { [memoryImport]: memory.wasm, refillLoad: load, refillStore: store };
    if (!this.#host.tailCalls) return imports;
    const module = new WebAssembly.Module(nextRegionModule(importLimits(memory.sharedPages), this));
    const needed = { [memoryImport]: memory.wasm, [regionTableImport]: this.table };
    const { exports } = new WebAssembly.Instance(module, { [importModule]: needed });
    return { ...imports, [nextExport]: exports[nextExport]! };
  }

  run(hart: EngineHart): StopReason {
    this.#harts.add(hart);
    return this.#interpreter.run(hart);
  }

  codeWritten(hostOffset: number, bytes: number): void {
    // An instruction may start a halfword earlier; its slot is forgotten, so it must go too.
    const [from, to] = [(hostOffset >>> 1) - 1, (hostOffset + bytes + 1) >>> 1];
    this.#regions.dropWritten(from, to);
    this.#forgetWaiting((extents) => touches(extents, from, to));
    this.#interpreter.codeWritten(hostOffset, bytes);
  }

  stats(): EngineStats {
    const counts = [...this.#harts].map(({ views }) => Number(views.translated[0]!));
    return {
      translated: counts.reduce((sum, each) => sum + each, 0),
      regions: this.#regions.size,
      translations: this.#translations,
      compiledBytes: this.#compiledBytes,
      compileMilliseconds: this.#compileMilliseconds,
    };
  }

  // RegionOwner

  forgotten(hostPage: number): void {
    this.#regions.dropPage(hostPage);
    this.#forgetWaiting((extents) => extents.some((extent) => extent.hostPage === hostPage));
  }

  isTranslated(hostPage: number): boolean {
    return this.#regions.hasPage(hostPage);
  }

  /** Code that waits for translation is not what it was. */
  #forgetWaiting(changed: (extents: readonly Extent[]) => boolean): void {
    if (this.#refused.size > 0) this.#refused.clear();
    for (const [slot, { extents }] of this.#queue) if (changed(extents)) this.#queue.delete(slot);
  }

  hot(hart: EngineHart, slot: number, pc: bigint, mode: number): void {
    const { cache } = this.#interpreter;
    const { hostPage, offset } = cache.placeOf(slot);
    cache.busy(hostPage);
    if (mode === Mode.apart) this.#separate(hart, hostPage * 4096 + offset);
    if (mode === Mode.apart || (mode === Mode.indirect && this.#learn(hart, pc))) return;
    if (this.#refused.has(slot)) return;
    const handler = this.#host.memory.view.getUint16(slot + slotField.handler, true);
    const known = this.#regions.at(slot);
    if (known && handler < regionHandler) this.#regions.enter(known);
    else if (known ? this.#isNarrow(known) : this.#unseen || handler !== 0)
      this.#enqueue({ hart, slot, pc, hostPage, limits: known ? wide : narrow });
  }

  /** Control that comes from the instruction in front of a region's first enters it: the two make no pair. */
  #stand(slot: number): void {
    const { cache } = this.#interpreter;
    const slots = cache.knownSlotsOf(cache.placeOf(slot).hostPage);
    separatePairs(this.#host.memory.view, slots, (slot - slots) / slotBytes);
  }

  /** A region was entered another `threshold` times: whether it is too narrow for that. */
  #isNarrow(region: Installed): boolean {
    region.entered++;
    return region.entered >= oftenEntered && this.#origins.get(region.slot)!.limits === narrow;
  }

  /** Notes where an indirect jump led; true when a region is going to know. */
  #learn(hart: EngineHart, pc: bigint): boolean {
    const from = hart.views.cameFrom[0]!;
    const page = hostPageOf(hart, from >> 12n);
    if (page < 0) return false;
    const jump = page * 4096 + Number(from & 4095n);
    const decoded = instructionAt(this.#host.memory.view, jump);
    if (!decoded || isReturn(decoded)) return false;
    const known = this.#jumps.get(jump) ?? new Set<number>();
    const distance = Number(BigInt.asIntN(64, pc - from));
    if (known.size >= mostTargets || Math.abs(distance) > farthestTarget || known.has(distance)) return false;
    this.#jumps.set(jump, known.add(distance));
    const origins = this.#seen(hart, this.#regions.withJump(jump));
    for (const each of origins) this.#improve(each);
    return origins.length > 0;
  }

  /** Where the regions at these slots come from, those that a hart sees. */
  #seen(hart: EngineHart, slots: readonly number[]): Candidate[] {
    const origins = slots.map((slot) => this.#origins.get(slot)!);
    const here = origins.filter((each) => hostPageOf(hart, each.pc >> 12n) === each.hostPage);
    return here.map((each) => ({ ...each, hart }));
  }

  /** Where regions are often left for what the access there shares, they are translated again, and what else is of that page of code. */
  #separate(hart: EngineHart, access: number): void {
    const translated = Number(hart.views.translated[0]!);
    const since = translated - (this.#lastApart.get(hart) ?? -Infinity);
    this.#lastApart.set(hart, translated);
    // What is known already waits for its translation.
    if (since > untoldApart * fewestBetween || this.#apart.has(access >>> 12)) return;
    if (this.#apart.size >= mostApart) this.#apart.clear();
    this.#apart.add(access >>> 12);
    for (const each of this.#seen(hart, this.#regions.withCode(access))) this.#enqueue(each);
  }

  /** Translates a region again, knowing more: at once, then after twice as many news each time. */
  #improve(candidate: Candidate): void {
    const news = (this.#news.get(candidate.slot) ?? 0) + 1;
    this.#news.set(candidate.slot, news);
    if ((news & (news - 1)) === 0) this.#enqueue(candidate);
  }

  settle(): void {
    if (this.#queue.size > 0 && performance.now() - this.#waitingSince > this.#patience)
      this.#translateInTime();
  }

  /** Looks at the code at once, while its address space is the current one; it becomes WebAssembly along with others. */
  #enqueue(candidate: Candidate): void {
    if (this.#queue.has(candidate.slot)) return;
    const started = performance.now();
    if (this.#queue.size === 0) this.#waitingSince = started;
    const prepared = this.#prepare(candidate);
    if (prepared) this.#queue.set(candidate.slot, prepared);
    else this.#refused.add(candidate.slot);
    this.#compileMilliseconds += performance.now() - started;
    if (this.#queue.size === 0) return;
    if (this.#batch === 1) this.#translate();
    else if (this.#queue.size % this.#batch === 0) this.#translateInTime();
  }

  /** Translates unless that has taken too large a part of the time already: then what is hot waits, and what it waits for cools. */
  #translateInTime(): void {
    const now = performance.now();
    this.#started ??= now;
    if (this.#compileMilliseconds < graceMilliseconds + (now - this.#started) * mostOfTime) this.#translate();
    else this.#waitingSince = now;
  }

  /** Translates what waits, in one module. */
  #translate(): void {
    const started = performance.now();
    const batch = [...this.#queue.values()];
    this.#queue.clear();
    if (this.#regions.size + batch.length > maxRegions || this.#keptBytes > this.#mostBytes) {
      this.#regions.dropAll();
      this.#keptBytes = 0;
    }
    this.#compile(batch);
    this.#compileMilliseconds += performance.now() - started;
  }

  #prepare(candidate: Candidate): Prepared | undefined {
    const { cache } = this.#interpreter;
    const { slot, pc, hostPage } = candidate;
    const entry = Number(pc & 4095n);
    // The page may have been forgotten since the place was noted.
    if (cache.knownSlotsOf(hostPage) + (entry >>> 1) * slotBytes !== slot) return undefined;
    const code = new CodeView(this.#host, cache, candidate, this.#jumps, this.#unseen);
    const blocks = discover(code, entry, candidate.limits);
    if (!blocks) return undefined;
    const { hostPages } = code;
    return {
      origin: candidate,
      slot,
      region: {
        blocks: unrolled(blocks),
        hostPages,
        apart: (place) => this.#apart.has(hostPages.get(pageOf(place))!),
      },
      jumps: jumpsOf(blocks, hostPages),
      extents: extentsOf(blocks, hostPages),
    };
  }

  #compile(batch: readonly Prepared[]): void {
    const { memory, fusedMultiplyAdd, tailCalls } = this.#host;
    const { sharedPages } = memory;
    const regions = batch.map(({ region }) => region);
    const knownPages = this.#knownPages;
    const bytes = regionModule(regions, { sharedPages, fusedMultiplyAdd, tailCalls, knownPages });
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { [importModule]: this.#imports });
    batch.forEach((prepared, n) => {
      this.#regions.install(prepared, exports[`r${n}`]);
      this.#origins.set(prepared.slot, prepared.origin);
    });
    this.#translations += batch.length;
    this.#compiledBytes += bytes.length;
    this.#keptBytes += bytes.length;
  }
}

/** The instructions the interpreter has met, around one page as a hart sees it. */
class CodeView implements Code {
  /** The pages looked at and found, by their number from the first. */
  readonly hostPages = new Map<number, number>();
  readonly #slots = new Map<number, number>();
  readonly #hart: EngineHart;
  readonly #page: bigint;

  constructor(
    private readonly host: EngineHost,
    private readonly cache: Interpreter['cache'],
    { hart, pc, hostPage }: Candidate,
    private readonly jumps: ReadonlyMap<number, ReadonlySet<number>>,
    private readonly unseen: boolean,
  ) {
    this.#hart = hart;
    this.#page = pc >> 12n;
    this.hostPages.set(0, hostPage);
    this.#slots.set(0, cache.knownSlotsOf(hostPage));
  }

  at(place: number): Decoded | undefined {
    const slots = this.#slotsOf(pageOf(place));
    if (slots === 0) return undefined;
    const { view } = this.host.memory;
    const inPage = place & 4095;
    const slot = slots + (inPage >>> 1) * slotBytes;
    if (this.unseen && view.getUint16(slot + slotField.handler, true) === 0)
      decodeSlot(view, this.cache, slot);
    const handler = view.getUint16(slot + slotField.handler, true);
    if (handler < firstRowHandler && handler !== special.system) return undefined;
    const decoded = instructionAt(view, this.hostPages.get(pageOf(place))! * 4096 + inPage);
    return decoded && handler === special.system && !csrInRegion(decoded) ? undefined : decoded;
  }

  targets(place: number): number[] {
    const jump = this.hostPages.get(pageOf(place))! * 4096 + (place & 4095);
    return [...(this.jumps.get(jump) ?? [])].map((distance) => place + distance);
  }

  /** Address of the slots of a page that the fetch TLB knows, or 0. */
  #slotsOf(page: number): number {
    const known = this.#slots.get(page);
    if (known !== undefined) return known;
    const hostPage = hostPageOf(this.#hart, this.#page + BigInt(page));
    const slots = hostPage < 0 ? 0 : this.cache.knownSlotsOf(hostPage);
    this.#slots.set(page, slots);
    if (slots !== 0) this.hostPages.set(page, hostPage);
    return slots;
  }
}

/** The instruction at a host offset, unless it goes on in the next page. */
function instructionAt(view: DataView, at: number): Decoded | undefined {
  const low = view.getUint16(at, true);
  if ((low & 3) !== 3) return decodeCached(low);
  return (at & 4095) === 4094 ? undefined : decodeCached(view.getUint32(at, true));
}

/** The host page a hart would fetch a virtual page's code from, or -1. */
const hostPageOf = ({ slow }: EngineHart, virtualPage: bigint): number =>
  slow.codePage(BigInt.asUintN(64, virtualPage << 12n));

function jumpsOf(blocks: readonly Block[], hostPages: ReadonlyMap<number, number>): Set<number> {
  const jumps = new Set<number>();
  for (const { end } of blocks) {
    if (end.kind !== 'indirect') continue;
    const { place } = end.step;
    jumps.add(hostPages.get(pageOf(place))! * 4096 + (place & 4095));
  }
  return jumps;
}

function extentsOf(blocks: readonly Block[], hostPages: ReadonlyMap<number, number>): Extent[] {
  const byPage = new Map<number, Set<number>>();
  for (const { steps, end } of blocks) {
    for (const { place, decoded } of 'step' in end ? [...steps, end.step] : steps) {
      const hostPage = hostPages.get(pageOf(place))!;
      const halfwords = byPage.get(hostPage) ?? new Set<number>();
      byPage.set(hostPage, halfwords);
      const first = hostPage * 2048 + ((place & 4095) >>> 1);
      for (let n = 0; n < decoded.length / 2; n++) halfwords.add(first + n);
    }
  }
  return [...byPage].map(([hostPage, halfwords]) => ({ hostPage, halfwords }));
}
