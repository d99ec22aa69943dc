import {
  type CsrFile,
  csrFile,
  executeSystem,
  M,
  Mip,
  Mstatus,
  type Outcome,
  type Privilege,
  type PrivilegedState,
  pendingInterrupt,
  resetCsrs,
  Slot,
  supervisorTimerDeadline,
  Touched,
  type Trap,
  takeTrap,
  trapTarget,
  wakes,
} from '@trapline/isa';
import type { HartClock } from './clock.ts';
import { type EngineHart, Slow, type SlowStatus, Stop, type StopReason } from './engine.ts';
import {
  csrOffset,
  floatDirty,
  type HartField,
  type HartViews,
  hartBytes,
  hartOffsets,
  hartViews,
} from './hart-layout.ts';
import { type CoreParts, Mmu } from './mmu.ts';
import type { IrqLine } from './ports.ts';
import { decodeCached } from './reference/engine.ts';
import { evaluate, illegal } from './reference/evaluate.ts';
import { HartMemory } from './reference/hart-memory.ts';
import { HartRegisters } from './reference/hart-registers.ts';

/** Why `Hart.run` returned. */
export type Exit =
  | { readonly kind: 'budget' }
  /** wfi, and no enabled interrupt is pending. */
  | { readonly kind: 'idle' }
  /** `requestStop` was called. */
  | { readonly kind: 'requested' }
  /** `halt` was called. */
  | { readonly kind: 'stopped' }
  /** Host delivery only: pc is at the trapping instruction, nothing of which happened. */
  | { readonly kind: 'trap'; readonly trap: Trap };

/** Traps of an architectural hart that something else takes over. */
export interface TrapHook {
  /** True: handled; the hart goes on at its pc. Asked only for traps that M-mode would get. */
  handle(trap: Trap): boolean;
}

/** How a hart is made. */
export interface HartOptions {
  readonly id: number;
  /** 'architectural': traps and interrupts go to the hart's own vectors; 'host': every trap is an exit, interrupts are not looked at. */
  readonly delivery: 'architectural' | 'host';
  /** Time as the hart sees it; without one time stands at 0. */
  readonly clock?: (hart: Hart) => HartClock;
  readonly machineTraps?: TrapHook;
  /** Shares registers, pc, retired count, reservation and stop flag with that hart, which executes for this one: a monitor's virtual hart. */
  readonly executesOn?: Hart;
}

/** A hart's state as plain data. */
export interface HartState {
  readonly area: Uint8Array;
  readonly privilege: Privilege;
  readonly waiting: boolean;
  readonly halted: boolean;
  readonly wires: bigint;
  readonly machineDeadline: bigint | undefined;
}

/** What a virtual hart has in common with the hart it executes on; its CSRs, privilege, contexts, TLBs and the rest are its own. */
const sharedFields = [
  'x',
  'sink',
  'f',
  'pc',
  'retiredLimit',
  'left',
  'stop',
  'exitCause',
  'exitWord',
  'exitTval',
  'slowResult',
  'reservation',
  'reservationBytes',
  'floatState',
  'cameFrom',
  'translated',
  'apart',
  'fenced',
  'trapped',
] as const satisfies readonly HartField[];

const shared = (views: HartViews): Partial<HartViews> =>
  Object.fromEntries(sharedFields.map((field) => [field, views[field]]));

const noClock: HartClock = {
  time: () => 0n,
  instructionsUntil: () => 0,
  timeBefore: () => 0n,
  spend: () => {},
  idles: false,
};

/** Deadlines further away than this (2^49 ticks of 10 MHz are 1.8 years) are how guests say "never". */
const neverTicks = 1n << 49n;
const lowestOf = (mask: bigint): bigint => mask & -mask;

/** One hart of the physical machine. */
export class Hart implements EngineHart, PrivilegedState {
  readonly id: number;
  readonly base: number;
  readonly views: HartViews;
  readonly slow: Mmu;
  readonly csrs: CsrFile;
  readonly clock: HartClock;
  readonly registers: HartRegisters;
  readonly memory: HartMemory;
  /** What the last `run` used of its budget. */
  used = 0;
  protected readonly core: CoreParts;
  private readonly options: HartOptions;
  /** Whose system instructions the engine executes in place. */
  private inPlaceOf: Hart | undefined;
  private waiting = false;
  private stopWanted = false;
  private isHalted = false;
  protected interruptsChanged = true;
  /** The value of `used` at which a timer may become pending; good until `interruptsChanged`. */
  private horizon = 0;
  private wires = 0n;
  private machineDeadline: bigint | undefined;

  constructor(core: CoreParts, options: HartOptions) {
    this.core = core;
    this.options = options;
    this.id = options.id;
    this.base = core.memory.allocate(hartBytes);
    const own = hartViews(core.memory.buffer, this.base);
    this.views = options.executesOn ? { ...own, ...shared(options.executesOn.views) } : own;
    this.csrs = csrFile(core.memory.buffer, this.base + csrOffset(0));
    this.views.privilege[0] = M;
    if (this.architectural) this.executeInPlace(this);
    this.slow = new Mmu(this, this.views, core);
    this.registers = new HartRegisters(this.views);
    this.memory = new HartMemory(this.slow, this.views, core.memory);
    resetCsrs(this.csrs, { hartId: options.id });
    this.clock = options.clock?.(this) ?? noClock;
    this.changed(Touched.translation | Touched.pmp | Touched.interrupts | Touched.float);
  }

  // PrivilegedState

  get hartId(): number {
    return this.id;
  }

  get privilege(): Privilege {
    return this.views.privilege[0] as Privilege;
  }

  set privilege(value: Privilege) {
    if (value === this.views.privilege[0]) return;
    this.views.privilege[0] = value;
    this.slow.translationChanged();
    this.interruptsChanged = true;
  }

  retired(): bigint {
    return this.views.retiredLimit[0]! - BigInt(this.views.left[0]!);
  }

  cycles(): bigint {
    return this.retired();
  }

  time(): bigint {
    return this.clock.time();
  }

  guestTime(): bigint {
    return (this.inPlaceOf ?? this).time();
  }

  lines(): bigint {
    const deadline = this.machineDeadline;
    return deadline !== undefined && this.clock.time() >= deadline ? this.wires | Mip.MTI : this.wires;
  }

  // For clocks, boards and monitors

  get pc(): bigint {
    return this.views.pc[0]!;
  }

  set pc(value: bigint) {
    this.views.pc[0] = value;
  }

  retiredCount(): number {
    return Number(this.retired()) + this.views.trapped[0]!;
  }

  /**
   * Lets the engine execute the system instructions of `of`, the hart whose program this one runs, where that is certain to be simple, except
   * the kinds in `intercepted` (`interceptBits`); undefined: all of them are TypeScript's.
   */
  executeInPlace(of: Hart | undefined, intercepted = 0n): void {
    this.inPlaceOf = of;
    this.views.bank[0] = of === undefined ? 0 : of.base;
    this.views.intercepted[0] = intercepted;
  }

  /** Counts instructions that someone else executed on the hart's behalf. */
  addRetired(count: number): void {
    this.views.retiredLimit[0]! += BigInt(count);
  }

  /** Writes a CSR's stored bits and draws the consequences. For monitors; guests' writes are legalized by isa. */
  setCsr(slot: number, value: bigint): void {
    if (this.csrs.get(slot) === value) return;
    this.csrs.set(slot, value);
    this.changed(touchedBySlot[slot] ?? anything);
  }

  /** Draws the consequences of changes made to `csrs`; bits of `Touched`. */
  changed(touched: number): void {
    if (touched & Touched.translation) this.slow.translationChanged();
    if (touched & Touched.pmp) this.slow.protectionChanged();
    if (touched & Touched.float) this.loadFloatState();
    if (touched & Touched.interrupts) this.rearm();
  }

  /** sfence.vma. */
  flushTlb(va?: bigint, asid?: number): void {
    this.slow.fence(va, asid);
  }

  /** `sfence.vma` of one page, by its number. */
  flushPage(page: number): void {
    this.slow.fencePage(page);
  }

  dropReservation(): void {
    this.views.reservationBytes[0] = 0;
  }

  /** Ends the LR reservation if it covers any of those bytes of core memory. */
  loseReservation(host: number, bytes: number): void {
    const { reservation, reservationBytes } = this.views;
    const start = reservation[0]!;
    if (start < host + bytes && host < start + reservationBytes[0]!) reservationBytes[0] = 0;
  }

  /** Ends `run` at the next instruction boundary; before a run, ends that one at once. */
  requestStop(): void {
    this.stopWanted = true;
    this.views.stop[0] = 1;
  }

  /** Looks at interrupts and deadlines again at the next instruction boundary. */
  rearm(): void {
    this.interruptsChanged = true;
    this.views.stop[0] = 1;
  }

  halt(): void {
    this.isHalted = true;
    this.rearm();
  }

  get halted(): boolean {
    return this.isHalted;
  }

  /** Ends `halt` and waiting. */
  resume(): void {
    this.isHalted = false;
    this.waiting = false;
    this.rearm();
  }

  /** Waits as wfi does. */
  wait(): void {
    this.waiting = true;
    this.rearm();
  }

  /** Whether it waits now: in wfi, or as `wait` said. */
  get isWaiting(): boolean {
    return this.waiting;
  }

  /** The wire of one bit of mip. */
  line(bit: bigint): IrqLine {
    return {
      set: (level) => {
        const wires = level ? this.wires | bit : this.wires & ~bit;
        if (wires === this.wires) return;
        this.wires = wires;
        this.rearm();
      },
    };
  }

  /** MTIP is pending from tick `deadline` on. */
  setMachineDeadline(deadline: bigint): void {
    this.machineDeadline = deadline;
    this.rearm();
  }

  /** The earliest tick still to come at which a timer interrupt becomes pending. */
  get nextTimer(): bigint | undefined {
    const now = this.clock.time();
    const ahead = this.deadlines().filter((tick) => tick > now && tick - now < neverTicks);
    return ahead.reduce<bigint | undefined>(
      (least, tick) => (least === undefined || tick < least ? tick : least),
      undefined,
    );
  }

  get wakes(): boolean {
    return wakes(this);
  }

  /** Plain data; the clock is saved by itself. */
  save(): HartState {
    return {
      area: this.core.memory.u8.slice(this.base, this.base + hartOffsets.loadTlb),
      privilege: this.privilege,
      waiting: this.waiting,
      halted: this.isHalted,
      wires: this.wires,
      machineDeadline: this.machineDeadline,
    };
  }

  restore(state: HartState): void {
    this.core.memory.u8.set(state.area, this.base);
    this.views.privilege[0] = state.privilege;
    this.views.switched[0] = 0;
    this.views.fenced[0] = 0;
    this.views.trapped[0] = 0;
    this.waiting = state.waiting;
    this.isHalted = state.halted;
    this.wires = state.wires;
    this.machineDeadline = state.machineDeadline;
    this.slow.reset();
    this.changed(anything);
  }

  // Running

  /** Runs until `budget` is used up or something else ends the run; never throws for anything a guest does. */
  run(budget: number): Exit {
    this.used = 0;
    this.interruptsChanged = true;
    while (this.used < budget || this.stopWanted) {
      const exit = this.runSome(budget - this.used);
      if (exit !== undefined) return exit;
    }
    return { kind: 'budget' };
  }

  private runSome(budget: number): Exit | undefined {
    if (this.stopWanted) {
      this.stopWanted = false;
      return { kind: 'requested' };
    }
    if (this.isHalted) return { kind: 'stopped' };
    if (this.waiting && !wakes(this)) return this.idle(budget);
    const waited = this.waiting;
    this.waiting = false;
    if (waited && this.spins()) {
      this.used += budget;
      return undefined;
    }
    if (!this.architectural) return this.execute(budget);
    if (this.interruptsChanged || this.used >= this.horizon) {
      this.interruptsChanged = false;
      const waits = wakes(this);
      this.views.interruptWaits[0] = Number(waits);
      const interrupt = waits ? pendingInterrupt(this) : undefined;
      if (interrupt !== undefined) return this.deliver(interrupt);
      this.horizon = this.used + this.untilTimer();
    }
    return this.execute(Math.min(budget, this.horizon - this.used));
  }

  /**
   * In real time: whether wfi came back with nothing to take (pending, but masked). A guest in a loop around it, as OpenSBI's
   * secondary harts are until they are started, gives its slice to the harts that have work.
   */
  private spins(): boolean {
    return !this.clock.idles && pendingInterrupt(this) === undefined;
  }

  private get architectural(): boolean {
    return this.options.delivery === 'architectural';
  }

  /** One stretch of the engine and what ended it, undefined when the loop just goes on; at most `budget` instructions. */
  execute(budget: number): Exit | undefined {
    if (this.slow.refresh())
      this.slow.prepare(this.csrs.get(Slot.satp), this.privilege, this.csrs.get(Slot.mstatus));
    const stop = this.stretch(budget);
    this.tellTrapped();
    this.foldFloatState();
    if (stop === Stop.trap) return this.deliver(this.exitTrap());
    if (stop === Stop.system) return this.executeWord(this.views.exitWord[0]!);
    this.interruptsChanged = true;
    return undefined;
  }

  /** Runs the engine with the contexts as they are. */
  stretch(budget: number): StopReason {
    const { views } = this;
    const size = Math.min(budget, 0x7fff_ffff);
    this.setLeft(size);
    views.stop[0] = 0;
    const stop = this.core.engine.run(this);
    this.used += size - views.left[0]!;
    return stop;
  }

  /** Traps that the engine took in place took time too. */
  protected tellTrapped(): void {
    const { trapped } = this.views;
    if (trapped[0] === 0) return;
    this.clock.spend(trapped[0]!);
    trapped[0] = 0;
  }

  /** Gives the engine so many instructions; mostly they are what is left of the stretch before, and nothing is to do. */
  private setLeft(instructions: number): void {
    const { left, retiredLimit } = this.views;
    if (left[0] === instructions) return;
    retiredLimit[0]! += BigInt(instructions - left[0]!);
    left[0] = instructions;
  }

  protected exitTrap(): Trap {
    return { interrupt: false, cause: this.views.exitCause[0]!, tval: this.views.exitTval[0]! };
  }

  /** A trap costs the guest one instruction's time, so that one which only ever traps uses up its budget. */
  deliver(trap: Trap): Exit | undefined {
    if (!this.architectural) return { kind: 'trap', trap };
    this.spend(1);
    const { machineTraps } = this.options;
    if (machineTraps !== undefined && trapTarget(this, trap) === M && machineTraps.handle(trap)) {
      this.interruptsChanged = true;
      return undefined;
    }
    this.pc = takeTrap(this, this.pc, trap);
    this.slow.translationChanged();
    this.interruptsChanged = true;
    return undefined;
  }

  private spend(instructions: number): void {
    this.used += instructions;
    this.clock.spend(instructions);
  }

  /** With a deterministic clock waiting uses time up to the next timer; otherwise the host may sleep. */
  private idle(budget: number): Exit | undefined {
    if (!this.clock.idles) return { kind: 'idle' };
    const skipped = Math.min(budget, this.untilTimer());
    this.spend(skipped);
    return skipped < budget || wakes(this) ? undefined : { kind: 'idle' };
  }

  private deadlines(): bigint[] {
    const supervisor = supervisorTimerDeadline(this.csrs);
    return [this.machineDeadline, supervisor].filter((tick) => tick !== undefined);
  }

  /** Instructions until a timer that is not pending yet may be. */
  private untilTimer(): number {
    const counts = this.deadlines().map((tick) => this.clock.instructionsUntil(tick));
    return Math.min(...counts.filter((count) => count > 0), 0x7fff_ffff);
  }

  /** Executes the instruction at pc, which the engine left to TypeScript. */
  executeWord(word: number): Exit | undefined {
    const decoded = decodeCached(word);
    if (decoded === undefined) return this.deliver(illegal(word));
    if (!('system' in decoded.row.semantics)) {
      const trap = evaluate(decoded, this.registers, this.memory);
      this.foldFloatState();
      if (trap !== undefined) return this.deliver(trap);
      this.retireOne();
      return undefined;
    }
    const { registers, pc } = this;
    const operands = { pc, rs1: registers.readX(decoded.rs1), rs2: registers.readX(decoded.rs2) };
    const outcome = executeSystem(this, decoded, operands);
    return this.conclude(outcome, BigInt.asUintN(64, pc + (decoded.length === 2 ? 2n : 4n)), decoded.rd);
  }

  private conclude(outcome: Outcome, next: bigint, rd: number): Exit | undefined {
    if (outcome.kind === 'trap') return this.deliver(outcome.trap);
    if (outcome.kind === 'cacheBlock' && this.cacheBlock(outcome) === Slow.trap)
      return this.deliver(this.exitTrap());
    this.pc = outcome.kind === 'jump' ? outcome.target : next;
    this.retireOne();
    if (outcome.kind === 'retire' && outcome.rd !== undefined) this.registers.writeX(rd, outcome.rd);
    if (outcome.kind === 'retire' || outcome.kind === 'jump') this.changed(outcome.touched);
    if (outcome.kind === 'fence') this.slow.fence(outcome.va, outcome.asid);
    if (outcome.kind === 'wait') this.waiting = true;
    return undefined;
  }

  protected cacheBlock({ operation, address }: Extract<Outcome, { kind: 'cacheBlock' }>): SlowStatus {
    return operation === 'zero' ? this.slow.zeroBlock(address) : this.slow.touchBlock(address);
  }

  private retireOne(): void {
    if (this.views.left[0]! > 0) this.views.left[0]! -= 1;
    else this.addRetired(1);
    this.used += 1;
  }

  /** Engines keep mstatus.FS beside the bank; these carry it over, before anyone reads it. */
  protected foldFloatState(): void {
    if (this.views.floatState[0] !== floatDirty) return;
    const status = this.csrs.get(Slot.mstatus);
    if ((status & Mstatus.FS) !== Mstatus.FS) this.csrs.set(Slot.mstatus, status | Mstatus.FS);
  }

  private loadFloatState(): void {
    this.views.floatState[0] = Number((this.csrs.get(Slot.mstatus) & Mstatus.FS) / lowestOf(Mstatus.FS));
  }
}

/** What a monitor's direct write may have changed; every slot not listed is taken to matter everywhere. */
const touchedBySlot: Readonly<Record<number, number>> = {
  [Slot.satp]: Touched.translation,
  [Slot.mstatus]: Touched.translation | Touched.interrupts | Touched.float,
  [Slot.menvcfg]: Touched.translation | Touched.interrupts,
  [Slot.mie]: Touched.interrupts,
  [Slot.mip]: Touched.interrupts,
  [Slot.mideleg]: Touched.interrupts,
  [Slot.stimecmp]: Touched.interrupts,
  [Slot.fcsr]: Touched.float,
};
const anything = Touched.translation | Touched.pmp | Touched.interrupts | Touched.float;
