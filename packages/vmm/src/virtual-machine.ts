import {
  BareHart,
  type BoardClock,
  type Core,
  type CoreParts,
  type DerivedTables,
  type DmaMemory,
  type Firmware,
  type FirmwareHart,
  HostError,
  hartBytes,
} from '@trapline/core';
import { baseInstructions, csrByName, type Trap } from '@trapline/isa';
import { ExitLog } from './exit-log.ts';
import { GuestBus } from './guest-bus.ts';
import { type Policy, shadow } from './policy.ts';
import { Pager, type PagerStats } from './shadow/pager.ts';
import { TablePool } from './shadow/pool.ts';
import { Vcpu } from './vcpu.ts';

/** Host-physical addresses are host offsets above this, clear of any board's own map. */
const hostBase = 2 ** 40;

const defaultIntercept: Intercept = 'needed';
const defaultPoolBytes = 32 * 1024 * 1024;

/** Which sensitive instructions exit. */
export type Intercept = 'all' | 'needed';

const systemNames = new Set(
  baseInstructions.filter(({ semantics }) => 'system' in semantics).map(({ name }) => name),
);

const checkIntercept = (name: string, policy: Policy): void => {
  if (csrByName(name) !== undefined || systemNames.has(name)) return;
  throw new HostError(
    'policy',
    `the policy ${policy.name} intercepts ${name}, which is no CSR and no system instruction`,
    {
      hint: 'Write names as assembly does: satp, sret, sfence.vma.',
    },
  );
};

/** The names that exit under a policy; ecall among them where traps are to be seen before they are delivered. */
const interceptsOf = (intercept: Intercept, policy: Policy): 'all' | readonly string[] => {
  const { intercepts } = policy;
  for (const name of intercepts ?? []) checkIntercept(name, policy);
  if (intercept === 'all' || (policy.onExit !== undefined && intercepts === undefined)) return 'all';
  return [...(intercepts ?? []), ...(policy.onDeliver === undefined ? [] : ['ecall'])];
};

/** How a virtual machine is made. Its RAM and devices go on its `bus` afterwards; RAM through `addRam`. */
export interface VirtualMachineOptions {
  readonly core: Core;
  /** How many harts the guest has, 1..8. */
  readonly harts: number;
  readonly clock: BoardClock;
  readonly policy?: Policy | undefined;
  /**
   * `all`: every sensitive instruction exits and is emulated. `needed`: those which need no decision run in place on the shadow
   * bank, unless somebody listens to exits or the policy wants to see them (the default).
   */
  readonly intercept?: Intercept | undefined;
  /** SBI served by the host instead of guest M-mode software. */
  readonly firmware?: Firmware | undefined;
  /** Host memory for shadow page tables, in bytes; 32 MiB unless told. */
  readonly shadowBytes?: number;
}

/** A virtual machine: guest-physical memory and devices of its own, and harts that run deprivileged on harts of the core. */
export class VirtualMachine {
  readonly bus: GuestBus;
  readonly exits = new ExitLog();
  readonly pager: Pager;
  /** Where the shadow tables are. */
  readonly derived: DerivedTables;
  readonly harts: readonly VirtualHart[];
  /** Why a policy stopped the run, if one did. */
  stopReason: string | undefined;
  readonly #core: Core;
  /** Bytes of the guest's RAM, at a host offset, change. */
  readonly #heard = (host: number, bytes: number): void => {
    const gpa = this.bus.addressOf(host);
    if (gpa !== undefined) this.pager.written(gpa, bytes);
  };

  constructor(options: VirtualMachineOptions) {
    const { core, shadowBytes: bytes = defaultPoolBytes } = options;
    this.#core = core;
    const offset = core.memory.allocate(bytes);
    const records = core.memory.allocate(TablePool.recordBytes(bytes));
    this.derived = { offset, bytes, records, bias: hostBase };
    this.bus = new GuestBus(core.memory);
    this.pager = new Pager(
      {
        hostPage: (gpa) => this.#hostPage(gpa),
        guestAddress: (host) => this.bus.addressOf(host)!,
        hostAddress: (host) => hostBase + host,
        watch: (page, watched) => this.#watch(page, watched),
        fence: (asid) => {
          for (const { vcpu } of this.harts) vcpu.physical.flushTlb(undefined, asid);
        },
        fencePage: (page) => {
          for (const { vcpu } of this.harts) vcpu.physical.flushPage(page);
        },
        leave: () => {
          for (const { vcpu } of this.harts) vcpu.physical.rearm();
        },
      },
      this.#makePool(),
    );
    const guest = this.#guestParts();
    this.harts = Array.from({ length: options.harts }, (_, id) => new VirtualHart(this, guest, options, id));
  }

  /** Core memory a virtual machine needs beside the guest's RAM, in bytes. */
  static overheadBytes(harts: number, shadowBytes = defaultPoolBytes): number {
    return shadowBytes + TablePool.recordBytes(shadowBytes) + 2 * harts * hartBytes;
  }

  /** Gives the guest zeroed RAM at guest-physical `address`. Throws HostError when it overlaps or does not fit. */
  addRam(address: number, bytes: number): void {
    const region = this.bus.addRam(address, bytes);
    this.#core.bus.mapRam(hostBase + region.offset, bytes, region.offset);
  }

  /** Guest memory for devices: the guest's RAM and nothing else; writes reach code caches and shadow tables. */
  get dma(): DmaMemory {
    return {
      view: (address, bytes) => {
        const offset = this.bus.ram(Number(address), bytes);
        return offset < 0 ? undefined : this.#core.memory.u8.subarray(offset, offset + bytes);
      },
      written: (address, bytes) => {
        const offset = this.bus.ram(Number(address), bytes);
        if (offset < 0 || bytes === 0) return;
        this.#core.physicalWrite(BigInt(hostBase + offset), bytes);
        this.pager.written(Number(address), bytes);
      },
    };
  }

  /** The host-physical address behind a guest-physical one; undefined when it is not RAM the guest was given. */
  hostAddress(guestPhysical: bigint): bigint | undefined {
    const page = this.#hostPage(guestPhysical & ~0xfffn);
    return page === undefined ? undefined : page | (guestPhysical & 0xfffn);
  }

  /** Figures about shadow page tables. */
  stats(): PagerStats {
    return this.pager.stats();
  }

  #makePool(): TablePool {
    const { memory, bus } = this.#core;
    const { offset, bytes, records } = this.derived;
    bus.mapRam(hostBase + offset, bytes, offset);
    return new TablePool({
      base: hostBase + offset,
      words: new BigUint64Array(memory.buffer, offset, bytes / 8),
      records: new Uint32Array(memory.buffer, records, TablePool.recordBytes(bytes) / 4),
    });
  }

  #hostPage(gpa: bigint): bigint | undefined {
    const offset = this.bus.ram(Number(gpa), 4096);
    return offset < 0 ? undefined : BigInt(hostBase + offset);
  }

  #watch(page: number, watched: boolean): void {
    const offset = this.bus.ram(page * 4096, 4096);
    if (offset >= 0) this.#core.code.watchStores(offset >>> 12, watched ? this.#heard : undefined);
  }

  #guestParts(): CoreParts & { readonly bus: GuestBus } {
    const { memory, code, engine } = this.#core;
    return { memory, bus: this.bus, code, engine };
  }
}

/** A hart of a virtual machine as boards, debuggers and firmware see it: nothing tells it from a bare one. */
export class VirtualHart extends BareHart {
  declare readonly hart: Vcpu;

  constructor(
    machine: VirtualMachine,
    guest: CoreParts & { readonly bus: GuestBus },
    options: VirtualMachineOptions,
    id: number,
  ) {
    const { core, clock, policy = shadow } = options;
    const host = {
      guest,
      pager: machine.pager,
      derived: machine.derived,
      policy,
      exits: machine.exits,
      intercepts: interceptsOf(options.intercept ?? defaultIntercept, policy),
      stopped: (why: string) => {
        machine.stopReason = why;
      },
    };
    super(guest, { id, clock, firmware: options.firmware && observed(options.firmware) }, (hartOptions) => {
      const physical = core.createHart({ id, delivery: 'host' });
      return new Vcpu(host, hartOptions, physical);
    });
  }

  get vcpu(): Vcpu {
    return this.hart;
  }
}

/** Firmware whose calls show in the exit log. */
const observed = (firmware: Firmware): Firmware => ({
  handle: (hart: FirmwareHart, trap: Trap) => {
    const [extension, number] = [hart.readX(17), hart.readX(16)];
    const served = firmware.handle(hart, trap);
    if (served && hart instanceof VirtualHart) hart.vcpu.served(extension, number);
    return served;
  },
});
