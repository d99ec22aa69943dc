import {
  type CoreParts,
  type DerivedTables,
  decodeCached,
  type Exit,
  Hart,
  type HartOptions,
  type HartState,
  InPlaceRecords,
  interceptBits,
  RecordWord,
  recordWords,
  Slow,
  type SlowStatus,
  Stop,
  type StopReason,
} from '@trapline/core';
import {
  type AccessType,
  Cause,
  dataPrivilege,
  decode,
  M,
  Mstatus,
  type Outcome,
  Slot,
  slotOf,
  Touched,
  type Trap,
  trapTarget,
  U,
} from '@trapline/isa';
import { Bank } from './bank.ts';
import type { ExitLog } from './exit-log.ts';
import { type Action, type ExitKind, exitNumber, exitOfCause, type Moment } from './exits.ts';
import type { GuestBus } from './guest-bus.ts';
import { Observation } from './observation.ts';
import type { Policy, PolicyExit, Verdict } from './policy.ts';
import { sensitive, sensitiveKind, trapOf } from './sensitive.ts';
import type { Fill, Pager } from './shadow/pager.ts';
import { wordOf } from './shadow/pool.ts';
import type { ShadowTree } from './shadow/tree.ts';

/** What a virtual hart needs of its machine. */
export interface VcpuHost {
  /** The guest's own physical machine: its memory map and devices, and the engine it shares with the rest of the core. */
  readonly guest: CoreParts & { readonly bus: GuestBus };
  readonly pager: Pager;
  readonly policy: Policy;
  readonly exits: ExitLog;
  /** Where the pager's tables are. */
  readonly derived: DerivedTables;
  /** Names of the CSRs and instructions that exit though they need no decision of the monitor's; 'all': every sensitive instruction. */
  readonly intercepts: 'all' | readonly string[];
  /** A policy ended the run. */
  stopped(why: string): void;
}

/** Saved state of a virtual hart; shadow page tables are not part of it, they fill again. */
export interface VcpuState extends HartState {
  readonly physical: HartState;
}

const emulated: Action = { kind: 'emulated' };

const filledAction = ({ gpa, leaf, around }: Extract<Fill, { kind: 'filled' }>, va: bigint): Action => ({
  kind: 'filled',
  va,
  gpa: BigInt(gpa),
  hpa: BigInt(leaf.frame),
  leaf: wordOf(leaf),
  around,
});

type Handler = (vcpu: Vcpu, trap: Trap) => Exit | undefined;

const fill =
  (access: AccessType): Handler =>
  (vcpu, trap) =>
    vcpu.fill(access, trap.tval);
const reflect: Handler = (vcpu, trap) => vcpu.deliver(trap);
/** What the virtual hart itself makes of the instruction at pc. */
const emulate: Handler = (vcpu) => vcpu.emulate();
const ecallWord = 0x73;

/** What the monitor does about every cause the physical hart, in U-mode under shadow tables, can raise. */
const handlers: Readonly<Record<Cause, Handler>> = {
  [Cause.instructionMisaligned]: reflect,
  [Cause.instructionAccessFault]: emulate,
  [Cause.illegalInstruction]: (vcpu, trap) => vcpu.executeWord(Number(trap.tval)),
  [Cause.breakpoint]: reflect,
  [Cause.loadMisaligned]: reflect,
  [Cause.loadAccessFault]: emulate,
  [Cause.storeMisaligned]: reflect,
  [Cause.storeAccessFault]: emulate,
  [Cause.ecallFromU]: (vcpu) => vcpu.executeWord(ecallWord),
  [Cause.ecallFromS]: emulate,
  [Cause.ecallFromM]: emulate,
  [Cause.instructionPageFault]: fill('fetch'),
  [Cause.loadPageFault]: fill('load'),
  [Cause.storePageFault]: fill('store'),
};

/** PMP entry 0 of the physical hart: everything, for U-mode too. Its page tables are what confines the guest. */
const everything = { address: (1n << 54n) - 1n, config: 0x1fn };

/**
 * A virtual hart. It *is* a hart as far as the privileged architecture goes: the same CSRs, trap entry and interrupts as a bare one,
 * on its own (shadow) bank; but it never executes in place. Its instructions run on `physical`, a hart that stays in U-mode under shadow
 * page tables and shares its registers; whatever traps there comes back here.
 */
export class Vcpu extends Hart {
  readonly physical: Hart;
  readonly #host: VcpuHost;
  #tree: ShadowTree | undefined;
  #generation = -1;
  readonly #bank: Bank;
  /** What the tree was chosen for. */
  #satpLow = 0;
  #satpHigh = 0;
  #rules = -1;
  /** menvcfg's two halves when trees were chosen. */
  #environment = 0;
  /** The tree that `physical` has in satp. */
  #entered: ShadowTree | undefined;
  #protection = 0;
  #action: Action = emulated;
  readonly #observation: Observation;
  readonly #records: InPlaceRecords;

  /** `physical` must deliver traps to the host. */
  constructor(host: VcpuHost, options: HartOptions, physical: Hart) {
    super(host.guest, { ...options, executesOn: physical });
    this.physical = physical;
    this.#host = host;
    this.#observation = new Observation(this.views.csrs, this.views.x);
    this.#bank = new Bank(this, physical);
    this.#records = new InPlaceRecords(physical.views);
    this.#records.choose((kind) => sensitiveKind(kind) !== undefined);
    const { intercepts } = host;
    if (intercepts !== 'all') physical.executeInPlace(this, interceptBits(intercepts));
    physical.slow.onSwitched = () => this.#followSwitch();
    physical.slow.derives(host.derived);
    physical.privilege = U;
    physical.csrs.set(slotOf('pmpaddr0'), everything.address);
    physical.setCsr(slotOf('pmpcfg0'), everything.config);
    this.changed(0xf);
  }

  override changed(touched: number): void {
    super.changed(touched);
    // The constructor of Hart calls this too, before there are any fields.
    if (!(touched & (Touched.translation | Touched.pmp)) || !(#host in this)) return;
    const environment = this.#bank.environment();
    if (!(touched & Touched.pmp) && environment === this.#environment) return;
    this.#environment = environment;
    this.#tree = undefined;
    this.physical.slow.forgetPrepared();
    if (touched & Touched.pmp) this.#protection = this.#host.pager.protection(this.csrs);
  }

  /** Runs the guest's instructions on the physical hart until something traps, and deals with that. */
  override execute(budget: number): Exit | undefined {
    if (this.#dataTranslationDiffers()) return this.#emulateForMprv();
    const stop = this.#enter(budget);
    if (stop === Stop.trap) return this.#handle(this.exitTrap());
    if (stop === Stop.system) return this.#leftToUs(this.views.exitWord[0]!);
    this.interruptsChanged = true;
    return undefined;
  }

  /** An instruction the engine does not execute: sensitive ones trap in U-mode for certain, the rest is the physical hart's. */
  #leftToUs(word: number): Exit | undefined {
    const { exits, policy } = this.#host;
    const kind = sensitive(decodeCached(word));
    if (kind === undefined) return this.#onPhysical(word);
    if (exits.listening || policy.onExit !== undefined) return this.#handle(trapOf(kind, word));
    exits.count(exitNumber[kind]);
    return super.executeWord(word);
  }

  #onPhysical(word: number): Exit | undefined {
    const { physical } = this;
    physical.csrs.set(Slot.mstatus, this.csrs.get(Slot.mstatus) & Mstatus.FS);
    physical.used = 0;
    physical.slow.refresh();
    const exit = physical.executeWord(word);
    this.used += physical.used;
    this.#afterPhysical();
    return exit?.kind === 'trap' ? this.#handle(exit.trap) : undefined;
  }

  #emulateForMprv(): Exit | undefined {
    const { exits, guest } = this.#host;
    const before = exits.listening ? this.#moment('emulated', 0n) : undefined;
    this.#action = emulated;
    guest.bus.lastAccess = undefined;
    exits.count(exitNumber.emulated);
    const exit = this.emulate();
    if (before !== undefined) this.#tell(before);
    return exit;
  }

  /** Whether loads and stores are translated unlike fetches (MPRV): one tree cannot serve both. */
  #dataTranslationDiffers(): boolean {
    return this.privilege === M && dataPrivilege(this) !== M;
  }

  #enter(budget: number): StopReason {
    const { physical } = this;
    const { intercepts, exits, pager } = this.#host;
    pager.protecting = intercepts === 'all' || exits.listening;
    this.#useTree();
    physical.views.bank[0] = intercepts === 'all' || exits.immediate ? 0 : this.base;
    this.#records.on = exits.listening;
    this.#bank.lendFloat();
    physical.used = 0;
    const began = exits.listening ? this.time() : 0n;
    const stop = physical.stretch(budget);
    if (this.#records.count > 0) this.#tellInPlace(began);
    this.used += physical.used;
    this.tellTrapped();
    this.#afterPhysical();
    return stop;
  }

  /** Tells of the sensitive instructions that the stretch which is just over executed in place. */
  #tellInPlace(began: bigint): void {
    const { clock, physical, views } = this;
    const records = this.#records;
    const now = this.retiredCount();
    const ended = this.time();
    const instructions = physical.used + views.trapped[0]!;
    const stretch = { ended, ticks: Number(ended - began), instructions };
    for (let record = 0; record < records.count; record++) {
      const at = record * recordWords;
      const then =
        Number(records.words[at + RecordWord.retired]) + records.halves[2 * (at + RecordWord.spent)]!;
      this.#host.exits.tellInPlace(records, record, this.id, clock.timeBefore(now - then, stretch));
    }
    records.clear();
  }

  /** Makes the physical hart translate by the tree for the present virtual state. */
  #useTree(): void {
    const { physical } = this;
    const tree = this.tree();
    if (tree !== this.#entered) {
      this.#entered = tree;
      physical.setCsr(Slot.satp, tree.satp);
    }
    if (!physical.slow.refresh()) return;
    if (this.#mayFill()) physical.slow.derivesFrom(this);
    physical.slow.prepare(this.csrs.get(Slot.satp), this.privilege, this.csrs.get(Slot.mstatus));
  }

  /** Whether shadow tables may be filled in place: nobody wants to see the exits that are saved, and data is translated as code is. */
  #mayFill(): boolean {
    const { pager, policy } = this.#host;
    return !pager.protecting && policy.onExit === undefined && !this.#dataTranslationDiffers();
  }

  /** The engine changed the virtual state in place, and now needs a translation. */
  #followSwitch(): void {
    this.slow.translationChanged();
    this.#entered = this.tree();
    this.physical.csrs.set(Slot.satp, this.#entered.satp);
  }

  #afterPhysical(): void {
    const { views, physical } = this;
    if (physical.views.switched[0] !== 0) this.slow.translationChanged();
    if (views.fenced[0] !== 0) {
      views.fenced[0] = 0;
      this.slow.fence(undefined, undefined);
    }
    this.#bank.takeFloat();
    this.foldFloatState();
  }

  /** The shadow tree for the present virtual state. */
  tree(): ShadowTree {
    const { pager } = this.#host;
    const [low, high] = [this.#bank.satpLow(), this.#bank.satpHigh()];
    const rules = this.#bank.rules() | this.privilege;
    const current = this.#tree;
    if (
      current !== undefined &&
      low === this.#satpLow &&
      high === this.#satpHigh &&
      rules === this.#rules &&
      pager.generation === this.#generation
    ) {
      return current;
    }
    const tree = pager.tree(this, this.#protection);
    this.#tree = tree;
    this.#satpLow = low;
    this.#satpHigh = high;
    this.#rules = rules;
    this.#generation = pager.generation;
    return tree;
  }

  /** Executes the instruction at pc on the virtual hart itself, as the bare machine's TypeScript would. */
  emulate(): Exit | undefined {
    this.slow.refresh();
    if (this.slow.fetchWord(this.pc) === Slow.trap) return this.deliver(this.exitTrap());
    return this.executeWord(this.views.exitWord[0]!);
  }

  /** Memory accesses of the instruction (cache blocks among system instructions) are translated for the present virtual state. */
  override executeWord(word: number): Exit | undefined {
    this.slow.refresh();
    return super.executeWord(word);
  }

  /** A block is zeroed through the tree where that is possible: it then holds the page, and its other blocks are zeroed in place. */
  protected override cacheBlock(outcome: Extract<Outcome, { kind: 'cacheBlock' }>): SlowStatus {
    if (outcome.operation === 'zero' && this.#zeroThroughTree(outcome.address)) return Slow.ok;
    this.slow.refresh();
    return super.cacheBlock(outcome);
  }

  #zeroThroughTree(address: bigint): boolean {
    if (this.#dataTranslationDiffers()) return false;
    const { slow } = this.physical;
    this.#useTree();
    if (slow.zeroBlock(address) !== Slow.trap) return true;
    this.slow.refresh();
    const filled = this.#host.pager.fill({ state: this, mmu: this.slow }, this.tree(), 'store', address);
    if (filled.kind !== 'filled') return false;
    this.#useTree();
    return slow.zeroBlock(address) !== Slow.trap;
  }

  /** Makes the access possible in place, or does what it comes to. */
  fill(access: AccessType, va: bigint): Exit | undefined {
    const filled = this.#host.pager.fill({ state: this, mmu: this.slow }, this.tree(), access, va);
    if (filled.kind === 'fault') return this.deliver({ interrupt: false, cause: filled.cause, tval: va });
    if (filled.kind === 'emulate') return this.emulate();
    if (filled.kind === 'filled' && this.#host.exits.listening) this.#action = filledAction(filled, va);
    return undefined;
  }

  #handle(trap: Trap): Exit | undefined {
    const { exits, policy, guest } = this.#host;
    const kind = exitOfCause[trap.cause] ?? 'illegalInstruction';
    const before = exits.listening ? this.#moment(kind, trap.tval) : undefined;
    const verdict =
      policy.onExit === undefined ? undefined : policy.onExit(this, describe(kind, trap, this.pc));
    this.#action = emulated;
    guest.bus.lastAccess = undefined;
    const exit = verdict === undefined ? handlers[trap.cause as Cause](this, trap) : this.#obey(verdict);
    exits.count(exitNumber[guest.bus.lastAccess === undefined ? kind : 'mmio']);
    if (before !== undefined) this.#tell(before);
    return exit;
  }

  #tell(before: Moment): void {
    const { exits, guest } = this.#host;
    const access = guest.bus.lastAccess;
    const moment = access === undefined ? before : { ...before, exit: 'mmio' as const };
    const action = access === undefined ? this.#action : { kind: 'device' as const, ...access };
    exits.tell(moment, action, this.#observation, this.pc, this.privilege);
  }

  #obey(verdict: Verdict): Exit | undefined {
    if (verdict.kind === 'reflect') return this.deliver(verdict.trap);
    this.#action = { kind: 'policy', why: verdict.why ?? 'resume' };
    if (verdict.kind === 'stop') {
      this.#host.stopped(verdict.why);
      this.requestStop();
    }
    this.interruptsChanged = true;
    return undefined;
  }

  /** Delivers a trap to the guest, or to the firmware on the host. */
  override deliver(trap: Trap): Exit | undefined {
    const { exits, policy } = this.#host;
    const final = policy.onDeliver?.(this, trap) ?? trap;
    if (final.interrupt) exits.count(exitNumber.interrupt);
    if (!exits.listening) return super.deliver(final);
    const action: Action = { kind: 'reflected', trap: final, to: trapTarget(this, final) };
    this.#action = action;
    if (!final.interrupt) return super.deliver(final);
    const before = { ...this.#moment('interrupt', 0n), word: undefined };
    const exit = super.deliver(final);
    exits.tell(before, action, this.#observation, this.pc, this.privilege);
    return exit;
  }

  /** The firmware served the ecall being handled. */
  served(extension: bigint, number: bigint): void {
    this.#action = { kind: 'firmware', extension, function: number };
  }

  /** How things stand as an exit begins; what it changes is told from here. */
  #moment(exit: ExitKind, tval: bigint): Moment {
    const { id: hart, pc, privilege: mode } = this;
    this.#observation.begin();
    const word = exit === 'illegalInstruction' ? Number(tval) : this.#wordAt(pc);
    return { hart, retired: this.retired(), time: this.time(), mode, exit, pc, word, tval };
  }

  /** The instruction bits at a virtual address, without effects; undefined where nothing is mapped. */
  #wordAt(va: bigint): number | undefined {
    const host = this.#hostOf(va);
    if (host === undefined) return undefined;
    const { view } = this.#host.guest.memory;
    const low = view.getUint16(host, true);
    if ((low & 3) !== 3) return low;
    const next = (va & 0xfffn) === 0xffen ? this.#hostOf(va + 2n) : host + 2;
    return next === undefined ? undefined : view.getUint16(next, true) * 0x10000 + low;
  }

  /** Where in host memory a halfword of RAM at a virtual address is. */
  #hostOf(va: bigint): number | undefined {
    const pa = this.slow.peek(va);
    const host = pa === undefined ? -1 : this.#host.guest.bus.ram(Number(pa), 2);
    return host < 0 ? undefined : host;
  }

  override save(): VcpuState {
    return { ...super.save(), physical: this.physical.save() };
  }

  override restore(state: VcpuState): void {
    this.#entered = undefined;
    this.physical.restore(state.physical);
    super.restore(state);
    // The guest's tables are what they were when the state was saved; shadows of other ones are worth nothing.
    this.#host.pager.dropAll();
  }
}

const describe = (kind: ExitKind, trap: Trap, pc: bigint): PolicyExit => ({
  kind,
  trap,
  pc,
  decoded: trap.cause === Cause.illegalInstruction ? decode(Number(trap.tval)) : undefined,
});
