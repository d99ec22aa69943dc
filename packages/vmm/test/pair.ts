import {
  BareHart,
  type BoardClock,
  type ClockState,
  type Core,
  type CoreOptions,
  type CoreParts,
  createCore,
  DeterministicClock,
  type EngineName,
  Hart,
  type HartOptions,
  type HartState,
  interceptBits,
  Scheduler,
} from '@trapline/core';
import { assemble, csrNumber, M, Touched, type Trap, writeCsr } from '@trapline/isa';
import { type Intercept, type Policy, SbiFirmware, VirtualMachine } from '../src/index.ts';
import { clint, type TestPort, testPort } from './devices.ts';

export const ramBase = 0x8000_0000;
export const ramBytes = 0x40_0000;
export const portBase = 0x10_0000;
export const clintBase = 0x200_0000;

/** One board of RAM, a test port and a CLINT, its harts bare or virtual. */
export interface Board {
  readonly name: 'bare' | 'virtual';
  readonly harts: readonly BareHart[];
  readonly clock: BoardClock;
  readonly ram: Uint8Array;
  readonly machine: VirtualMachine | undefined;
  readonly port: TestPort;
  scheduler: Scheduler;
  /** What was stored to the finisher, once something was. */
  readonly finished: number | undefined;
  /** Numbers stored to the print port, and bytes SBI calls wrote to the console. */
  readonly printed: readonly number[];
  /** Back to reset, with this program in RAM. */
  load(program: Uint8Array): void;
}

export interface BoardOptions {
  readonly harts?: number;
  readonly quantum?: number;
  readonly instructionsPerTick?: number;
  readonly policy?: Policy;
  readonly ramBytes?: number;
  readonly shadowBytes?: number;
  readonly engine?: EngineName;
  readonly translator?: CoreOptions['translator'];
  /** Which sensitive instructions exit a virtual hart; a bare one executes what it can in place, unless told 'all'. */
  readonly intercept?: Intercept;
  /** SBI on the host: hart 0 starts in S-mode, the others wait to be started. */
  readonly firmware?: boolean;
  /** Hears of every trap the guest takes, before it is taken. */
  readonly onTrap?: (hart: Hart, trap: Trap) => void;
}

interface Parts {
  readonly core: Core;
  readonly machine: VirtualMachine | undefined;
  readonly harts: readonly BareHart[];
}

const defaultShadowBytes = 4 * 1024 * 1024;

const observing = (options: BoardOptions) =>
  class extends Hart {
    override deliver(trap: Trap) {
      options.onTrap?.(this, trap);
      return super.deliver(trap);
    }
  };

const engineOf = ({ engine, translator }: BoardOptions): Pick<CoreOptions, 'engine' | 'translator'> => ({
  ...(engine && { engine }),
  ...(translator && { translator }),
});

const bareParts = (
  options: Required<Pick<BoardOptions, 'harts' | 'ramBytes'>> & BoardOptions,
  clock: BoardClock,
  firmware: SbiFirmware | undefined,
): Parts => {
  const core = createCore({ harts: options.harts, memoryBytes: options.ramBytes, ...engineOf(options) });
  core.bus.addRam(ramBase, options.ramBytes);
  const Observed = observing(options);
  const make = (given: HartOptions): Hart => {
    const hart = new Observed(core as CoreParts, given);
    // Traps that are taken in place cannot be observed.
    if (options.onTrap !== undefined) hart.executeInPlace(hart, interceptBits(['ecall']));
    if (options.intercept === 'all') hart.executeInPlace(undefined);
    return hart;
  };
  const harts = Array.from(
    { length: options.harts },
    (_, id) => new BareHart(core, { id, clock, firmware }, make),
  );
  return { core, machine: undefined, harts };
};

const virtualParts = (
  options: Required<Pick<BoardOptions, 'harts' | 'ramBytes'>> & BoardOptions,
  clock: BoardClock,
  firmware: SbiFirmware | undefined,
): Parts => {
  const { policy, harts } = options;
  const shadowBytes = options.shadowBytes ?? defaultShadowBytes;
  const memoryBytes = options.ramBytes + VirtualMachine.overheadBytes(harts, shadowBytes);
  const core = createCore({ harts, memoryBytes, ...engineOf(options) });
  const { onTrap } = options;
  const listening: Policy = {
    name: 'listening',
    ...(onTrap && {
      onDeliver: (vcpu: Hart, trap: Trap) => {
        onTrap(vcpu, trap);
        return undefined;
      },
    }),
  };
  const machine = new VirtualMachine({
    core,
    harts,
    clock,
    firmware,
    policy: policy ?? listening,
    intercept: options.intercept,
    shadowBytes,
  });
  machine.addRam(ramBase, options.ramBytes);
  return { core, machine, harts: machine.harts };
};

/** What SBI firmware sets before it starts a kernel. */
const supervisorSettings: readonly (readonly [csr: string, value: bigint])[] = [
  ['medeleg', 0xb1ffn],
  ['mideleg', 0x222n],
  ['mcounteren', 7n],
  ['menvcfg', (1n << 63n) | (1n << 62n) | 0xf0n],
  ['mstatus', 0x6000n],
  ['pmpaddr0', 2n ** 64n - 1n],
  ['pmpcfg0', 0x1fn],
];

const startSupervisor = (harts: readonly BareHart[]): void => {
  for (const hart of harts) {
    hart.state.privilege = M;
    for (const [csr, value] of supervisorSettings) writeCsr(hart.state, csrNumber(csr), value);
    hart.changed(Touched.translation | Touched.pmp | Touched.interrupts | Touched.float);
    if (hart.id === 0) hart.start(BigInt(ramBase), 0n);
    else hart.halt();
  }
};

/** Every hart at the program's first instruction with its number in a0, or hart 0 alone where firmware starts it. */
const atStart = (harts: readonly BareHart[], firmware: boolean): void => {
  for (const hart of harts) {
    hart.pc = BigInt(ramBase);
    hart.writeX(10, BigInt(hart.id));
  }
  if (firmware) startSupervisor(harts);
};

/** A board that can be used for one program after another. */
export const emptyBoard = (name: Board['name'], given: BoardOptions = {}): Board => {
  const options = { ...given, harts: given.harts ?? 1, ramBytes: given.ramBytes ?? ramBytes };
  const clock = new DeterministicClock({ instructionsPerTick: options.instructionsPerTick ?? 1 });
  const later: { harts: readonly BareHart[] } = { harts: [] };
  const port = testPort(() => later.harts);
  const memory = {
    view: (a: bigint, n: number) => dma().view(a, n),
    written: (a: bigint, n: number) => dma().written(a, n),
  };
  const firmware = options.firmware
    ? new SbiFirmware({
        get harts() {
          return later.harts;
        },
        memory,
        console: { write: (byte) => port.printed.push(byte), read: () => port.input.shift() },
        reset: (kind, failure) => port.finish(failure ? 1 : kind.length),
      })
    : undefined;
  const { core, machine, harts } = (name === 'bare' ? bareParts : virtualParts)(options, clock, firmware);
  const dma = () => machine?.dma ?? bareDma(core);
  later.harts = harts;
  const bus = machine?.bus ?? core.bus;
  const offset = bus.ram(ramBase, options.ramBytes);
  const ram = core.memory.u8.subarray(offset, offset + options.ramBytes);
  bus.addDevice(portBase, 0x1000, port.device);
  bus.addDevice(clintBase, 0x1_0000, clint(harts, clock));
  const quantum = options.quantum ?? 10_000;
  const pristine = harts.map(({ hart }) => hart.save());
  const midnight: ClockState = clock.save();
  const load = (program: Uint8Array): void => {
    ram.fill(0);
    ram.set(program);
    dma().written(BigInt(ramBase), options.ramBytes);
    machine?.pager.dropAll();
    port.reset();
    for (const [i, { hart }] of harts.entries()) restore(hart, pristine[i]!);
    clock.restore(midnight);
    atStart(harts, firmware !== undefined);
    made.scheduler = new Scheduler(harts, clock, { quantum });
  };
  const made: Board = {
    name,
    harts,
    clock,
    ram,
    machine,
    port,
    scheduler: new Scheduler(harts, clock, { quantum }),
    get finished() {
      return port.finished;
    },
    get printed() {
      return port.printed;
    },
    load,
  };
  return made;
};

const restore = (hart: Hart, state: HartState): void =>
  hart.restore(state as HartState & { physical: HartState });

const bareDma = (core: Core) => ({
  view: (address: bigint, bytes: number) => core.ram(address, bytes),
  written: (address: bigint, bytes: number) => core.physicalWrite(address, bytes),
});

/** A new board with the program loaded. */
export const board = (name: Board['name'], program: Uint8Array, options: BoardOptions = {}): Board => {
  const made = emptyBoard(name, options);
  made.load(program);
  return made;
};

/** Runs until the guest stores to its finisher; throws when it takes more than `limit` instructions. */
export const finish = (machine: Board, limit = 2_000_000): number => {
  let left = limit;
  while (machine.finished === undefined) {
    if (left <= 0) throw new Error(`${machine.name}: no end; pc 0x${machine.harts[0]!.pc.toString(16)}`);
    const before = machine.harts[0]!.retired;
    machine.scheduler.runRound(Math.min(left, 100_000));
    left -= Math.max(1000, Number(machine.harts[0]!.retired - before));
  }
  return machine.finished;
};

/** Assembly: M-mode traps to `machine`, PMP open, the causes of that mask for S-mode. */
export const delegating = (causes: number): string => `
  la t0, machine
  csrw mtvec, t0
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  li t0, ${causes}
  csrw medeleg, t0`;

/** Names every guest text may use. */
export const symbols: Readonly<Record<string, number>> = {
  FINISHER: portBase,
  PRINT: portBase + 8,
  PORT: portBase,
  CLINT: clintBase,
  MTIME: clintBase + 0xbff8,
  MTIMECMP: clintBase + 0x4000,
  RAM: ramBase,
};

/** Assembles guest text for the start of RAM. */
export const assembleGuest = (source: string): Uint8Array =>
  assemble(source, { base: BigInt(ramBase), symbols }).bytes;
