import {
  type BoardClock,
  DeterministicClock,
  type Device,
  type DmaMemory,
  type EngineName,
  type Entropy,
  type Firmware,
  type FirmwareHart,
  RealtimeClock,
  type ScheduledHart,
  Scheduler,
  type WallClock,
} from '@trapline/core';
import type { Finish } from '@trapline/devices';
import { type ExitEvent, type ExitTape, type Intercept, type Policy, SbiFirmware } from '@trapline/vmm';
import { ConsoleInput } from './board/console-input.ts';
import { CountedDevice } from './board/counted-device.ts';
import { type AttachedDisk, makeDevices } from './board/devices.ts';
import { ramBase, timebaseHz } from './board/virt.ts';
import { type BootPlan, planBoot } from './boot/plan.ts';
import { prepareForSupervisor } from './boot/supervisor.ts';
import { ConsoleOutput } from './console.ts';
import { hostEntropy, seededEntropy } from './entropy.ts';
import { Sleeper } from './host-loop.ts';
import { Inspector } from './inspect/inspector.ts';
import type { World } from './inspect/world.ts';
import { type NamedFile, readKernel } from './kernel.ts';
import { type ExitReason, type LayerStats, Machine } from './machine.ts';
import { bareGuest } from './monitor/bare.ts';
import { virtualGuest } from './monitor/virtual.ts';
import { sourceLines } from './source-lines.ts';
import { symbolTable } from './symbols.ts';

/** What a machine is to be. Sizes are bytes. */
export interface MachineOptions {
  /** Default 256 MiB. */
  readonly ramBytes?: number;
  /** 1 to 8; default 1. */
  readonly harts?: number;
  /** `shadow` (default): deprivileged under the monitor; `none`: the bare machine; or a policy of your own. */
  readonly monitor?: 'shadow' | 'none' | Policy;
  /** Under a monitor: whether every sensitive instruction exits (`all`), or only those that need a decision. Default: the monitor's. */
  readonly intercept?: Intercept | undefined;
  readonly kernel?: NamedFile | undefined;
  /** Default: `none` for a kernel linked at the start of RAM, `builtin` for a Linux Image. */
  readonly bios?: 'none' | 'builtin' | NamedFile | undefined;
  readonly initrd?: NamedFile | undefined;
  /** Device tree instead of the generated one. */
  readonly dtb?: NamedFile | undefined;
  /** Kernel command line. */
  readonly append?: string | undefined;
  readonly disks?: readonly AttachedDisk[];
  /** `deterministic`: time is made of instructions, and everything random of `seed`. Default `realtime`. */
  readonly clock?: 'realtime' | 'deterministic';
  readonly seed?: number;
  /** Time of day; in a deterministic run, and by default, it starts at 2026-01-01 and follows the machine's clock. */
  readonly wallClock?: WallClock;
  /** Default: the core's own choice. */
  readonly engine?: EngineName;
}

/** A guest's processors, memory and bus, bare or virtual: what a monitor gives the board. */
export interface GuestParts {
  readonly harts: readonly (ScheduledHart & FirmwareHart)[];
  readonly memory: DmaMemory;
  addDevice(address: number, bytes: number, device: Device): void;
  stats(): Omit<LayerStats, 'sbiCalls' | 'devices'>;
  listenExits(listener: (event: ExitEvent) => void): () => void;
  recordExits(tape: ExitTape, recorded?: () => void): () => void;
  /** Why a policy stopped the run, if one did. */
  stopReason(): string | undefined;
  /** The guest's side of a hart and, under a monitor, the hart's own. */
  worlds(hart: number): readonly World[];
  /** Pages that hold code the engine has cached. */
  codePages(): number;
  /** Where a guest-physical address lies in the host's physical memory. */
  hostAddress(guestPhysical: bigint): bigint | undefined;
}

/** What a monitor is given to make them. */
export interface GuestRequest {
  readonly ramBytes: number;
  readonly harts: number;
  readonly clock: BoardClock;
  readonly firmware: Firmware | undefined;
  readonly engine: { readonly engine?: EngineName };
}

const DEFAULT_RAM_BYTES = 256 * 1024 ** 2;
const RNG_SEED_BYTES = 32;
const EPOCH_2026_NS = 1_767_225_600_000_000_000n;
const FAILED = 1;

/**
 * Composes a machine and loads its guest: ready at its first instruction. Rejects with HostError for a configuration that
 * cannot be.
 */
export async function createMachine(options: MachineOptions): Promise<Machine> {
  const deterministic = options.clock === 'deterministic';
  const entropy = deterministic ? seededEntropy(options.seed ?? 0) : hostEntropy;
  const plan = await makePlan(options, entropy);
  const clock = deterministic
    ? new DeterministicClock({ frequencyHz: timebaseHz })
    : new RealtimeClock({ frequencyHz: timebaseHz });
  const board = new BoardUnderConstruction(options, plan, clock, entropy);
  return board.finish();
}

async function makePlan(options: MachineOptions, entropy: Entropy): Promise<BootPlan> {
  const { bios } = options;
  const rngSeed = new Uint8Array(RNG_SEED_BYTES);
  entropy.fill(rngSeed);
  return planBoot({
    ramBytes: options.ramBytes ?? DEFAULT_RAM_BYTES,
    harts: options.harts ?? 1,
    kernel: options.kernel && (await readKernel(options.kernel)),
    bios: typeof bios === 'object' ? await readKernel(bios) : bios,
    initrd: options.initrd,
    dtb: options.dtb,
    append: options.append,
    rngSeed,
  });
}

/** The knots of a board: harts need the firmware, which needs the harts; devices end the machine they are part of. */
class BoardUnderConstruction {
  readonly #plan: BootPlan;
  readonly #clock: BoardClock;
  readonly #console = new ConsoleOutput();
  readonly #sleeper = new Sleeper();
  readonly #ramBytes: number;
  readonly #guest: GuestParts;
  readonly #firmware: SbiFirmware | undefined;
  readonly #options: MachineOptions;
  readonly #entropy: Entropy;
  #machine: Machine | undefined;

  constructor(options: MachineOptions, plan: BootPlan, clock: BoardClock, entropy: Entropy) {
    this.#options = options;
    this.#plan = plan;
    this.#clock = clock;
    this.#entropy = entropy;
    this.#ramBytes = options.ramBytes ?? DEFAULT_RAM_BYTES;
    const firmware = plan.protocol === 'builtin' ? this.#lateFirmware() : undefined;
    const request: GuestRequest = {
      ramBytes: this.#ramBytes,
      harts: options.harts ?? 1,
      clock,
      firmware,
      engine: options.engine === undefined ? {} : { engine: options.engine },
    };
    const monitor = options.monitor ?? 'shadow';
    this.#guest = monitor === 'none' ? bareGuest(request) : virtualGuest(request, monitor, options.intercept);
    this.#firmware = firmware && this.#makeFirmware();
  }

  finish(): Machine {
    const { harts, memory } = this.#guest;
    const devices = makeDevices({
      harts,
      clock: this.#clock,
      memory,
      wallClock: this.#wallClock(),
      entropy: this.#entropy,
      console: this.#console,
      disks: this.#options.disks ?? [],
      onFinish: (finish) => this.#end(reasonOf(finish)),
      onInterrupt: () => this.#sleeper.wake(),
    });
    const counted = devices.mapped.map(({ row, device }) => ({ row, device: new CountedDevice(device) }));
    for (const { row, device } of counted) this.#guest.addDevice(row.address, row.bytes, device);
    this.#input = new ConsoleInput(devices.uart);
    load(this.#plan, memory);
    start(this.#plan, harts);
    const { worlds, hostAddress, codePages } = this.#guest;
    const deviceAt = (address: bigint) =>
      devices.mapped.find(({ row }) => address >= row.address && address < row.address + row.bytes);
    this.#machine = new Machine({
      harts,
      inspector: new Inspector({
        worlds,
        hostAddress,
        codePages,
        deviceAt: (address) => deviceAt(address)?.device.name,
        readX: (hart, index) => harts[hart]!.readX(index),
        pc: (hart) => harts[hart]!.pc,
      }),
      registerAt: (address) => {
        const found = deviceAt(address);
        return found?.device.registerAt?.(Number(address) - found.row.address);
      },
      memory,
      clock: this.#clock,
      console: this.#console,
      sleeper: this.#sleeper,
      scheduler: new Scheduler(harts, this.#clock),
      symbols: symbolTable(this.#plan.executables.flatMap(({ symbols }) => symbols)),
      lines: sourceLines(this.#plan.executables),
      ram: { address: ramBase, bytes: this.#ramBytes },
      alarm: devices.rtc,
      devicesWait: devices.waits,
      input: (bytes) => this.#input?.push(bytes),
      layerStats: () => ({
        ...this.#guest.stats(),
        sbiCalls: Object.fromEntries(this.#firmware?.calls ?? []),
        devices: counted
          .filter(({ device }) => device.reads + device.writes > 0)
          .map(({ row, device: { name, reads, writes } }) => ({ name, address: row.address, reads, writes })),
      }),
      listenExits: (listener) => this.#guest.listenExits(listener),
      recordExits: (tape, recorded) => this.#guest.recordExits(tape, recorded),
      stopReason: () => this.#guest.stopReason(),
    });
    return this.#machine;
  }

  #input: ConsoleInput | undefined;

  #lateFirmware(): Firmware {
    return { handle: (hart, trap) => this.#firmware?.handle(hart, trap) ?? false };
  }

  #makeFirmware(): SbiFirmware {
    return new SbiFirmware({
      harts: this.#guest.harts,
      memory: this.#guest.memory,
      console: {
        write: (byte) => this.#console.write(byte),
        read: () => this.#input?.readForSbi(),
      },
      reset: (kind, failure) => {
        const code = failure ? FAILED : 0;
        this.#end(kind === 'shutdown' ? { kind: 'guest', code } : { kind: 'reset' });
      },
    });
  }

  /** Ends the run from inside of it: the hart that is running stops at its next instruction. */
  #end(reason: ExitReason): void {
    this.#machine?.end(reason);
    for (const hart of this.#guest.harts) hart.requestStop();
  }

  #wallClock(): WallClock {
    const given = this.#options.wallClock;
    if (given && this.#options.clock !== 'deterministic') return given;
    const nanosecondsPerTick = 1_000_000_000n / BigInt(timebaseHz);
    return { nanoseconds: () => EPOCH_2026_NS + this.#clock.ticks() * nanosecondsPerTick };
  }
}

const reasonOf = (finish: Finish): ExitReason => {
  if (finish.kind === 'reset') return { kind: 'reset' };
  return { kind: 'guest', code: finish.kind === 'pass' ? 0 : finish.code };
};

function load(plan: BootPlan, memory: DmaMemory): void {
  for (const { address, data, what } of plan.pieces) {
    const into = memory.view(BigInt(address), data.length);
    if (into === undefined) throw new Error(`${what} was planned outside RAM`);
    into.set(data);
    memory.written(BigInt(address), data.length);
  }
}

const A0 = 10;

function start(plan: BootPlan, harts: GuestParts['harts']): void {
  for (const hart of harts) {
    if (plan.startAll) {
      hart.pc = BigInt(plan.entry);
      hart.writeX(A0, BigInt(hart.id));
      hart.writeX(A0 + 1, BigInt(plan.deviceTree));
      hart.writeX(A0 + 2, BigInt(plan.dynamicInfo));
      continue;
    }
    prepareForSupervisor(hart);
    if (hart.id === 0) hart.start(BigInt(plan.entry), BigInt(plan.deviceTree));
    else hart.halt();
  }
}
