import {
  type AccessBytes,
  type AccessType,
  accessFault,
  Cause,
  M,
  Mstatus,
  type PmpRegion,
  type PrivilegedState,
  pageFault,
  pmpRegions,
  regionsAllow,
  regionsPage,
  S,
  Slot,
  type Translation,
  translation,
  type Walked,
  type WalkMemory,
  walk,
} from '@trapline/isa';
import type { Bus } from './bus.ts';
import { type CodeMap, type StoreCache, watchedLink } from './code-map.ts';
import { Contexts } from './contexts.ts';
import { type Engine, Slow, type SlowPath, type SlowStatus } from './engine.ts';
import { guardBit, type HartViews, hartOffsets, invalidMark, notedFills } from './hart-layout.ts';
import { PreparedContexts, rulesOf } from './in-place/prepared.ts';
import type { CoreMemory } from './memory.ts';
import { contextFacts, contextFactsWords } from './refill/context-facts.ts';
import { type DerivedTables, describeDerived } from './refill/derive.ts';
import { examinersOf, type Refills } from './refill/instance.ts';
import { LargePages } from './refill/large-pages.ts';
import { allowedBit, type Span, spansOf, writeSpans } from './refill/spans.ts';
import { Tlb } from './tlb.ts';

/** What all harts of a core share. */
export interface CoreParts {
  readonly memory: CoreMemory;
  readonly bus: Bus;
  readonly code: CodeMap;
  readonly engine: Engine;
}

/** What an examination of page tables found. */
export interface WalkedFields {
  /** log2 of the page's bytes; 0: addresses are not translated. */
  readonly size: number;
  /** The lowest eight bits of the leaf. */
  readonly leaf: number;
  /** Host offsets of the entries, by their level. */
  readonly entries: ArrayLike<number>;
  /** What PMP allows there. */
  readonly allowed: Readonly<Record<AccessType, boolean>>;
}

/** `resolve` gives a host offset, or one of these. */
const trapped = -1;
const notRam = -2;

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
/** The number of the page at an address, which is unsigned. */
const pageOf = (va: bigint): number => Number(va >> 12n);
const u32 = (value: bigint): number => Number(value & 0xffff_ffffn);

/** The misaligned exception of each access: what a device takes no part in. */
const misaligned = { load: Cause.loadMisaligned, store: Cause.storeMisaligned } as const;

/**
 * Addresses of one hart: slow paths of its engine, translation, protection, and the TLBs it fills.
 *
 * RAM takes any alignment. Elsewhere a misaligned or page-straddling access raises the misaligned exception, and atomics and
 * fetches an access fault. A straddling access resolves both pages, lower first, before it changes a byte; tval is the
 * address of the faulting part.
 */
export class Mmu implements SlowPath, StoreCache {
  /** Accesses neither the TLBs nor a refill could answer. */
  private walks = 0;
  private readonly state: PrivilegedState;
  private readonly views: HartViews;
  private readonly core: CoreParts;
  private readonly tlbs: Readonly<Record<AccessType, Tlb>>;
  private readonly contexts: Contexts;
  private readonly walkMemory: WalkMemory;
  private readonly prepared: PreparedContexts;
  /** Called when instructions in place changed contexts: a monitor puts the hart's satp right. */
  onSwitched: (() => void) | undefined;
  private regions: readonly PmpRegion[] = [];
  private data: Translation = { mode: 'bare', privilege: M };
  private fetch: Translation = { mode: 'bare', privilege: M };
  private stale = true;
  private ramStale = true;
  /** menvcfg when the prepared contexts were made: it decides translations beside satp and the rules. */
  private environment = 0n;
  private spans: readonly Span[] = [];
  private readonly area: number;
  /** The entries of all TLBs, which lie one after the other. */
  private readonly tags: BigUint64Array;
  private readonly examiners: Refills;
  private readonly contextFacts: BigUint64Array;
  private readonly largePages: LargePages;
  /** Where the last access that was not to RAM went; whether the last translation was cached. */
  private physical = 0;
  private cached = false;

  constructor(state: PrivilegedState, views: HartViews, core: CoreParts) {
    this.state = state;
    this.views = views;
    this.core = core;
    this.area = views.contextFacts.byteOffset - hartOffsets.contextFacts;
    this.examiners = examinersOf(core.memory);
    const { buffer, byteOffset, length } = views.loadTlb;
    this.tags = new BigUint64Array(buffer, byteOffset, 3 * length);
    this.tlbs = {
      load: new Tlb(views.loadTlb),
      store: new Tlb(views.storeTlb),
      fetch: new Tlb(views.fetchTlb),
    };
    this.prepared = new PreparedContexts(views);
    this.contextFacts = views.contextFacts;
    this.largePages = new LargePages(views.largePages);
    this.views.codeLinks[0] = core.code.offset;
    this.contexts = new Contexts({
      describe: (number, t) => this.describe(number, t),
      wipe: () => this.clearTlbs(),
    });
    this.walkMemory = {
      readPte: (pa) => this.readPte(pa),
      updatePte: (pa, from, to) => this.updatePte(pa, from, to),
    };
    core.code.watch(this);
    core.bus.watchRam(() => this.ramChanged());
  }

  /** Accesses the TLBs could not answer. */
  get misses(): number {
    return this.walks + Number(this.views.refills[0]);
  }

  /** satp, privilege or a translation rule changed. */
  translationChanged(): void {
    this.stale = true;
  }

  /** A PMP register changed. */
  protectionChanged(): void {
    this.regions = pmpRegions(this.state.csrs);
    this.contexts.renewAll();
    this.prepared.clear();
    this.ramChanged();
  }

  /** Refills have nothing to go by until engines run again. */
  private ramChanged(): void {
    writeSpans(this.views.spans, []);
    this.ramStale = true;
    this.stale = true;
  }

  /** Forgets everything: physical memory was mapped anew, or the state restored. */
  reset(): void {
    this.clearTlbs();
    this.protectionChanged();
  }

  /** The current contexts are those of the state with that satp, privilege and mstatus, for instructions in place to come back to. */
  prepare(satp: bigint, privilege: number, status: bigint): void {
    if ((status & Mstatus.MPRV) !== 0n) return;
    const { dataContext, fetchContext } = this.views;
    const contexts = { data: Number(dataContext[0]), fetch: Number(fetchContext[0]) };
    this.prepared.put(satp, rulesOf(privilege, status), contexts);
  }

  private describe(number: number, t: Translation): void {
    const at = contextFactsWords * number;
    this.contextFacts.set(contextFacts(t), at);
    this.views.guestFacts.fill(0n, at, at + contextFactsWords);
  }

  /** The tables this hart walks are derived from a guest's, and may be filled as `derivesFrom` says. For a monitor. */
  derives(tables: DerivedTables): void {
    describeDerived(this.views, tables);
  }

  /** What the tables of the current contexts are derived from; that holds as long as the contexts do. */
  derivesFrom(state: PrivilegedState): void {
    const { dataContext, fetchContext, guestFacts } = this.views;
    for (const number of [Number(dataContext[0]), Number(fetchContext[0])]) {
      const at = contextFactsWords * number;
      if (guestFacts[at] === 0n) guestFacts.set(contextFacts(translation(state, 'load')), at);
    }
  }

  /** What `prepare` and `derivesFrom` were told does not hold any more. */
  forgetPrepared(): void {
    this.prepared.clear();
    this.views.guestFacts.fill(0n);
    this.stale = true;
  }

  /** Puts the numbers of the current contexts where engines read them; to be called before an engine runs. True: they may be new. */
  refresh(): boolean {
    if (this.views.switched[0] !== 0) this.followSwitch();
    if (!this.stale) return false;
    this.stale = false;
    this.renumber();
    return true;
  }

  private followSwitch(): void {
    this.views.switched[0] = 0;
    this.stale = true;
    this.onSwitched?.();
  }

  private renumber(): void {
    if (this.ramStale) {
      this.spans = spansOf(this.core.bus.ramMap, this.regions);
      writeSpans(this.views.spans, this.spans);
    }
    this.ramStale = false;
    const environment = this.state.csrs.get(Slot.menvcfg);
    if (environment !== this.environment) this.prepared.clear();
    this.environment = environment;
    this.data = translation(this.state, 'load');
    this.fetch = translation(this.state, 'fetch');
    const satp = this.state.csrs.get(Slot.satp);
    let data: number;
    let fetch: number;
    do {
      data = this.contexts.number(satp, this.data, false);
      fetch = this.contexts.number(satp, this.fetch, true);
      // Numbers may have run out at the second one, which makes the first a stale one.
    } while (data !== this.contexts.number(satp, this.data, false));
    this.views.dataContext[0] = BigInt(data);
    this.views.fetchContext[0] = BigInt(fetch);
  }

  /** sfence.vma and sinval.vma: what stores to page tables changed so far is seen from now on. */
  fence(va: bigint | undefined, asid: number | undefined): void {
    if (va === undefined && asid === undefined) {
      this.emptyTlbs();
      return;
    }
    if (va === undefined) this.renewContexts(asid);
    else this.fencePage(pageOf(u64(va)));
  }

  /** The same for one page, by its number: 52 bits. */
  fencePage(page: number): void {
    if (this.largePages.has(page)) {
      this.renewContexts(undefined);
      this.largePages.clear();
      return;
    }
    this.tlbs.load.drop(page);
    this.tlbs.store.drop(page);
    this.tlbs.fetch.drop(page);
  }

  private renewContexts(asid: number | undefined): void {
    this.contexts.renewPaged(asid);
    this.prepared.clear();
    this.stale = true;
  }

  /** Clears the entries filled since the TLBs were last empty: one by one while they are noted. */
  private emptyTlbs(): void {
    const { filled, fills, loadTlb } = this.views;
    if (fills[0]! > notedFills) this.tags.fill(0n);
    else for (let n = 0; n < fills[0]!; n++) this.tags[(filled[n]! - loadTlb.byteOffset) / 8] = 0n;
    fills[0] = 0;
    this.largePages.clear();
  }

  dropStores(hostPage: number): void {
    if (this.views.fills[0] === 0) return;
    this.tlbs.store.dropHostPage(hostPage);
  }

  loadSlow(address: bigint, bytes: AccessBytes, signed: boolean | number): SlowStatus {
    const va = u64(address);
    const value = this.read(va, bytes);
    if (value === undefined) return Slow.trap;
    this.views.slowResult[0] = signed ? BigInt.asIntN(8 * bytes, value) : value;
    return this.done();
  }

  storeSlow(address: bigint, bytes: AccessBytes, value: bigint): SlowStatus {
    const va = u64(address);
    const first = firstPart(va, bytes);
    if (first < bytes) return this.storeStraddling(va, bytes, first, value);
    const host = this.resolve(va, bytes, 'store');
    if (host === trapped) return Slow.trap;
    if (host === notRam) return this.storeToDevice(va, bytes, value);
    this.put(host, bytes, value);
    return this.done();
  }

  storeWatched(host: number, bytes: number): void {
    this.core.code.tell(host, bytes);
    // Nobody watches any more, since this store or before it: the next one need not come here.
    if ((this.core.code.wordOf(host >>> 12) & watchedLink) === 0) this.dropStores(host >>> 12);
    // The listener may have fenced, and the engine goes on.
    this.refresh();
  }

  resolveAtomic(address: bigint, bytes: 4 | 8 | 16): number {
    const host = this.atomic(u64(address), bytes, 'store');
    if (host >= 0) this.written(host, bytes);
    return host;
  }

  loadReserved(address: bigint, bytes: 4 | 8): SlowStatus {
    const host = this.atomic(u64(address), bytes, 'load');
    if (host < 0) return Slow.trap;
    this.views.slowResult[0] = BigInt.asIntN(8 * bytes, this.get(host, bytes));
    this.views.reservation[0] = host;
    this.views.reservationBytes[0] = bytes;
    return this.done();
  }

  storeConditional(address: bigint, bytes: 4 | 8, value: bigint): SlowStatus {
    const host = this.atomic(u64(address), bytes, 'store');
    if (host < 0) return Slow.trap;
    const { reservation, reservationBytes } = this.views;
    const start = reservation[0]!;
    const holds = host >= start && host + bytes <= start + reservationBytes[0]!;
    reservationBytes[0] = 0;
    if (holds) this.put(host, bytes, value);
    this.views.slowResult[0] = holds ? 0n : 1n;
    return this.done();
  }

  fetchPage(address: bigint): number {
    const va = u64(address);
    const host = this.fetchPart(va);
    if (host < 0) return trapped;
    return this.cached ? (host & ~0xfff) >>> 0 : -2;
  }

  codePage(va: bigint): number {
    const host = this.examiners.fetch(this.area, va) >>> 0;
    this.views.invalid[0] = 0n;
    return host === 0 ? -1 : host >>> 12;
  }

  fetchWord(address: bigint): SlowStatus {
    const va = u64(address);
    const { view } = this.core.memory;
    const low = this.fetchPart(va);
    if (low < 0) return Slow.trap;
    const halfword = view.getUint16(low, true);
    this.views.exitWord[0] = halfword;
    if ((halfword & 3) !== 3) return Slow.ok;
    const high = this.fetchPart(u64(va + 2n));
    if (high < 0) return Slow.trap;
    this.views.exitWord[0] = halfword + view.getUint16(high, true) * 0x10000;
    return Slow.ok;
  }

  /** cbo.zero: 64 aligned bytes of RAM become zero; elsewhere an access fault. tval is the address the instruction gave. */
  zeroBlock(address: bigint): SlowStatus {
    const host = this.resolve(u64(address) & ~63n, 64, 'store');
    if (host === notRam) return this.fail(Cause.storeAccessFault, address);
    if (host === trapped) return this.fail(this.views.exitCause[0]! as Cause, address);
    // A page that is zeroed from its beginning is code no more; told once, its other blocks are in nobody's way.
    if (host % 4096 === 0 && this.core.code.has(host >>> 12)) this.core.engine.codeWritten(host, 4096);
    this.written(host, 64);
    this.core.memory.u8.fill(0, host, host + 64);
    return this.done();
  }

  /** cbo.clean, flush and inval: allowed where a load is ("Cache-Block Management Instructions"); faults are a store's. */
  touchBlock(address: bigint): SlowStatus {
    const host = this.resolve(u64(address) & ~63n, 64, 'load');
    if (host !== trapped) return Slow.ok;
    const page = this.views.exitCause[0] === Cause.loadPageFault;
    return this.fail(page ? Cause.storePageFault : Cause.storeAccessFault, address);
  }

  /** Walks the state's own tables as an access would, A and D included, past the TLBs: for a monitor. Bare: undefined. */
  examine(va: bigint, access: AccessType): Walked | undefined {
    if (this.takeInvalid(va)) return { kind: 'fault', cause: pageFault[access] };
    const t = translation(this.state, access);
    return t.mode === 'bare' ? undefined : walk({ translation: t, va, access }, this.walkMemory);
  }

  /**
   * The host offset an access leads to if nothing about it is special: RAM, permitted, no A or D to be set; else 0. What was found on the way
   * is in the hart's `walked` fields.
   */
  examinePlain(va: bigint, access: AccessType): number {
    this.refresh();
    return this.examiners[access](this.area, va) >>> 0;
  }

  /** What `examinePlain` found last. */
  walked(): WalkedFields {
    const { walkedLeaf, walkedEntries, walkedSize, walkedAllowed } = this.views;
    const machine = this.state.privilege === M;
    const allows = (access: AccessType): boolean => (walkedAllowed[0]! & allowedBit(access, machine)) !== 0;
    return {
      size: walkedSize[0]!,
      leaf: Number(walkedLeaf[0]! & 0xffn),
      entries: walkedEntries,
      allowed: { load: allows('load'), store: allows('store'), fetch: allows('fetch') },
    };
  }

  /** Whether `[pa, pa + bytes)` is all RAM that PMP treats alike. */
  isUniform(pa: number, bytes: number): boolean {
    return this.spans.some((span) => pa >= span.address && pa + bytes <= span.address + span.bytes);
  }

  /** What PMP says about a whole page for accesses the state makes now. */
  protection(page: bigint, access: AccessType): 'allow' | 'deny' | 'mixed' {
    return regionsPage(this.regions, page, access, translation(this.state, access).privilege);
  }

  /** Physical address `va` translates to for a load, without effects; undefined where it does not. For debuggers. */
  peek(va: bigint): bigint | undefined {
    const t = translation(this.state, 'load');
    if (t.mode === 'bare') return va;
    const memory: WalkMemory = { readPte: this.walkMemory.readPte, updatePte: () => true };
    const walked = walk({ translation: { ...t, setsAccessed: true }, va: u64(va), access: 'load' }, memory);
    return walked.kind === 'leaf' ? walked.pa : undefined;
  }

  private done(): SlowStatus {
    return this.views.stop[0] === 0 ? Slow.ok : Slow.leave;
  }

  private fail(cause: Cause, tval: bigint): typeof Slow.trap {
    this.views.invalid[0] = 0n;
    this.views.exitCause[0] = cause;
    this.views.exitTval[0] = tval;
    return Slow.trap;
  }

  /** Unsigned, or undefined: a trap. */
  private read(va: bigint, bytes: AccessBytes): bigint | undefined {
    const first = firstPart(va, bytes);
    if (first < bytes) return this.readStraddling(va, bytes, first);
    const host = this.resolve(va, bytes, 'load');
    if (host === trapped) return undefined;
    return host === notRam ? this.readDevice(va, bytes) : this.get(host, bytes);
  }

  private readStraddling(va: bigint, bytes: AccessBytes, first: number): bigint | undefined {
    const parts = this.resolveStraddling(va, bytes, first, 'load');
    if (parts === undefined) return undefined;
    const { u8 } = this.core.memory;
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(u8[partAt(parts, first, i)]!);
    return value;
  }

  private storeStraddling(va: bigint, bytes: AccessBytes, first: number, value: bigint): SlowStatus {
    const parts = this.resolveStraddling(va, bytes, first, 'store');
    if (parts === undefined) return Slow.trap;
    this.written(parts[0], first);
    this.written(parts[1], bytes - first);
    const { u8 } = this.core.memory;
    for (let i = 0; i < bytes; i++) u8[partAt(parts, first, i)] = Number((value >> BigInt(8 * i)) & 0xffn);
    return this.done();
  }

  /** Host offsets of both parts, or undefined: a trap. */
  private resolveStraddling(
    va: bigint,
    bytes: number,
    first: number,
    access: 'load' | 'store',
  ): readonly [number, number] | undefined {
    const second = u64(va + BigInt(first));
    const low = this.resolveRamPart(va, first, access, va);
    if (low < 0) return undefined;
    const high = this.resolveRamPart(second, bytes - first, access, va);
    return high < 0 ? undefined : [low, high];
  }

  private resolveRamPart(va: bigint, bytes: number, access: 'load' | 'store', whole: bigint): number {
    const host = this.resolve(va, bytes, access);
    if (host !== notRam) return host;
    if (this.core.bus.isDevice(this.physical, bytes)) this.fail(misaligned[access], whole);
    else this.fail(accessFault[access], va);
    return trapped;
  }

  private readDevice(va: bigint, bytes: AccessBytes): bigint | undefined {
    const { bus } = this.core;
    if (this.physical % bytes !== 0 && bus.isDevice(this.physical, bytes)) {
      this.fail(Cause.loadMisaligned, va);
      return undefined;
    }
    const value = this.physical % bytes === 0 ? bus.read(this.physical, bytes) : undefined;
    if (value === undefined) this.fail(Cause.loadAccessFault, va);
    return value;
  }

  private storeToDevice(va: bigint, bytes: AccessBytes, value: bigint): SlowStatus {
    const { bus } = this.core;
    if (this.physical % bytes !== 0) {
      const isDevice = bus.isDevice(this.physical, bytes);
      return this.fail(isDevice ? Cause.storeMisaligned : Cause.storeAccessFault, va);
    }
    const accepted = bus.write(this.physical, bytes, BigInt.asUintN(8 * bytes, value));
    return accepted ? this.done() : this.fail(Cause.storeAccessFault, va);
  }

  private atomic(va: bigint, bytes: number, access: 'load' | 'store'): number {
    if (Number(va & 0xfn) % bytes !== 0) {
      this.fail(misaligned[access], va);
      return trapped;
    }
    const host = this.resolve(va, bytes, access);
    if (host === notRam) this.fail(accessFault[access], va);
    return host < 0 ? trapped : host;
  }

  private fetchPart(va: bigint): number {
    const host = this.resolve(va, 2, 'fetch');
    if (host === notRam) this.fail(Cause.instructionAccessFault, va);
    return host;
  }

  /** Host offset of `bytes` within one page, `trapped` (the exit fields say how), or `notRam` (`physical` says where). */
  private resolve(va: bigint, bytes: number, access: AccessType): number {
    const invalid = this.takeInvalid(va);
    if (this.views.switched[0] !== 0) this.refresh();
    const context = access === 'fetch' ? this.views.fetchContext[0]! : this.views.dataContext[0]!;
    const host = this.tlbs[access].lookup(va, context);
    if (host >= 0) {
      this.cached = true;
      return host;
    }
    const guarded = access === 'store' ? this.tlbs.store.lookup(va, context | BigInt(guardBit)) : -1;
    if (guarded >= 0 && this.core.code.wordOf(guarded >>> 12) !== 0) return guarded;
    this.walks += 1;
    this.cached = false;
    if (!invalid) return this.translate(va, bytes, access, context);
    this.fail(pageFault[access], va);
    return trapped;
  }

  /** Whether the walk that was made just now, of that address, ended at an entry that is not valid. */
  private takeInvalid(va: bigint): boolean {
    const invalid = this.views.invalid[0]!;
    if (invalid === 0n) return false;
    this.views.invalid[0] = 0n;
    return invalid === (va ^ invalidMark);
  }

  private translate(va: bigint, bytes: number, access: AccessType, context: bigint): number {
    const t = access === 'fetch' ? this.fetch : this.data;
    const found = t.mode === 'bare' ? { pa: va, pageBytes: 4096 } : this.walk(t, va, access);
    if (found === undefined) return trapped;
    const { pa } = found;
    if (!regionsAllow(this.regions, pa, bytes, access, t.privilege)) {
      this.fail(accessFault[access], va);
      return trapped;
    }
    this.physical = Number(pa);
    const host = this.core.bus.ram(this.physical, bytes);
    if (host < 0) return notRam;
    if (regionsPage(this.regions, pa & ~0xfffn, access, t.privilege) === 'allow') {
      this.cached = true;
      this.fill(va, access, context, host);
      if (found.pageBytes > 4096) this.largePages.note(pageOf(va), found.pageBytes);
    }
    return host;
  }

  private walk(t: Extract<Translation, { mode: 'paged' }>, va: bigint, access: AccessType) {
    const walked = walk({ translation: t, va, access }, this.walkMemory);
    if (walked.kind === 'leaf') return walked;
    this.fail(walked.cause, va);
    return undefined;
  }

  private fill(va: bigint, access: AccessType, context: bigint, host: number): void {
    const word = access === 'load' ? 0 : this.core.code.wordOf(host >>> 12);
    const link = access === 'fetch' ? word & ~watchedLink : word;
    const guarded = access === 'store' && word !== 0;
    const tag = guarded ? context | BigInt(guardBit) : context;
    const { filled, fills } = this.views;
    const entry = this.tlbs[access].fill(va, tag, { host, link });
    if (fills[0]! < notedFills) filled[fills[0]!] = entry;
    fills[0]! += 1;
  }

  private readPte(pa: bigint): bigint | undefined {
    const host = this.pteHost(pa, 'load');
    return host < 0 ? undefined : this.core.memory.view.getBigUint64(host, true);
  }

  private updatePte(pa: bigint, from: bigint, to: bigint): boolean | undefined {
    const host = this.pteHost(pa, 'store');
    if (host < 0) return undefined;
    if (this.core.memory.view.getBigUint64(host, true) !== from) return false;
    this.put(host, 8, to);
    return true;
  }

  private pteHost(pa: bigint, access: 'load' | 'store'): number {
    return regionsAllow(this.regions, pa, 8, access, S) ? this.core.bus.ram(Number(pa), 8) : -1;
  }

  private get(host: number, bytes: AccessBytes): bigint {
    const { view } = this.core.memory;
    if (bytes === 8) return view.getBigUint64(host, true);
    if (bytes === 4) return BigInt(view.getUint32(host, true));
    return BigInt(bytes === 2 ? view.getUint16(host, true) : view.getUint8(host));
  }

  private put(host: number, bytes: AccessBytes, value: bigint): void {
    const { view } = this.core.memory;
    this.written(host, bytes);
    if (bytes === 8) view.setBigUint64(host, value, true);
    else if (bytes === 4) view.setUint32(host, u32(value), true);
    else if (bytes === 2) view.setUint16(host, u32(value), true);
    else view.setUint8(host, u32(value));
  }

  /** Bytes within one page change now: code made of them goes. */
  private written(host: number, bytes: number): void {
    const { code, engine } = this.core;
    const word = code.wordOf(host >>> 12);
    if (word === 0) return;
    if (word & watchedLink) this.storeWatched(host, bytes);
    if (word & ~watchedLink) engine.codeWritten(host, bytes);
  }

  private clearTlbs(): void {
    this.tags.fill(0n);
    this.views.fills[0] = 0;
    this.largePages.clear();
    this.prepared.clear();
  }
}

/** Bytes of an access that lie in its first page. */
const firstPart = (va: bigint, bytes: number): number => Math.min(bytes, 4096 - Number(va & 0xfffn));

const partAt = ([low, high]: readonly [number, number], first: number, i: number): number =>
  i < first ? low + i : high + i - first;
