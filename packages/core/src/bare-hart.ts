import { Mip, type PrivilegedState, peekCsr, S, Slot, type Trap } from '@trapline/isa';
import type { BoardClock } from './clock.ts';
import type { Firmware, FirmwareHart } from './firmware.ts';
import { Hart, type HartOptions } from './hart.ts';
import type { CoreParts } from './mmu.ts';
import type { IrqLine, RunResult, TimerLine } from './ports.ts';
import type { ScheduledHart } from './scheduler.ts';

/** How a bare hart is made. */
export interface BareHartOptions {
  readonly id: number;
  readonly clock: BoardClock;
  readonly firmware?: Firmware | undefined;
}

/** Policy `none`: the guest's hart is a hart of the core itself. */
export class BareHart implements FirmwareHart, ScheduledHart {
  readonly hart: Hart;
  readonly machineSoftware: IrqLine;
  readonly machineExternal: IrqLine;
  readonly supervisorExternal: IrqLine;
  readonly machineTimer: TimerLine;

  /** `make` gives the hart underneath: a monitor's virtual hart in place of one of the core's. */
  constructor(
    core: CoreParts,
    options: BareHartOptions,
    make: (options: HartOptions) => Hart = (hartOptions) => new Hart(core, hartOptions),
  ) {
    const { id, clock, firmware } = options;
    const machineTraps = firmware && { handle: (trap: Trap) => firmware.handle(this, trap) };
    this.hart = make({
      id,
      delivery: 'architectural',
      clock: (hart) => clock.attach(hart),
      ...(machineTraps && { machineTraps }),
    });
    this.machineSoftware = this.hart.line(Mip.MSI);
    this.machineExternal = this.hart.line(Mip.MEI);
    this.supervisorExternal = this.hart.line(Mip.SEI);
    this.machineTimer = { setDeadline: (ticks) => this.hart.setMachineDeadline(ticks) };
  }

  get id(): number {
    return this.hart.id;
  }

  run(budget: number): RunResult {
    const exit = this.hart.run(budget);
    if (exit.kind === 'trap') throw new Error('an architectural hart delivers its traps itself');
    return exit.kind;
  }

  get used(): number {
    return this.hart.used;
  }

  requestStop(): void {
    this.hart.requestStop();
  }

  dropReservation(): void {
    this.hart.dropReservation();
  }

  get retired(): bigint {
    return this.hart.retired();
  }

  get pc(): bigint {
    return this.hart.pc;
  }

  set pc(value: bigint) {
    this.hart.pc = value;
  }

  get privilege(): 0 | 1 | 3 {
    return this.hart.privilege;
  }

  readX(index: number): bigint {
    return this.hart.registers.readX(index);
  }

  writeX(index: number, value: bigint): void {
    this.hart.registers.writeX(index, BigInt.asUintN(64, value));
  }

  readF(index: number): bigint {
    return this.hart.registers.readF(index);
  }

  writeF(index: number, value: bigint): void {
    this.hart.registers.writeF(index, BigInt.asUintN(64, value));
  }

  peekCsr(csr: number): bigint | undefined {
    return peekCsr(this.hart, csr);
  }

  get nextTimer(): bigint | undefined {
    return this.hart.nextTimer;
  }

  get wakes(): boolean {
    return this.hart.wakes;
  }

  // FirmwareHart

  get state(): PrivilegedState {
    return this.hart;
  }

  changed(touched: number): void {
    this.hart.changed(touched);
  }

  fence(va: bigint | undefined, asid: number | undefined): void {
    this.hart.flushTlb(va, asid);
  }

  halt(): void {
    this.hart.halt();
  }

  get halted(): boolean {
    return this.hart.halted;
  }

  start(pc: bigint, opaque: bigint): void {
    const { hart } = this;
    hart.privilege = S;
    hart.setCsr(Slot.satp, 0n);
    hart.setCsr(Slot.mstatus, hart.csrs.get(Slot.mstatus) & ~2n);
    this.writeX(10, BigInt(this.id));
    this.writeX(11, opaque);
    hart.pc = BigInt.asUintN(64, pc);
    hart.resume();
  }

  wait(): void {
    this.hart.wait();
  }

  get waiting(): boolean {
    return this.hart.isWaiting;
  }
}
