import { csrTable, decodeCsr, type Privilege, peekCsr } from '@trapline/isa';
import { type TableEntry, type TableWalk, tableEntries, walkTable } from './page-table.ts';
import type { TableRoot, World } from './world.ts';

/** One CSR of a world: its value now and its fields, highest first. */
export interface CsrReading {
  readonly number: number;
  readonly name: string;
  readonly value: bigint;
  readonly fields: readonly { readonly field: string; readonly value: bigint }[];
}

/** One world of a hart as it stands. */
export interface WorldReading {
  readonly name: World['name'];
  readonly privilege: Privilege;
  readonly csrs: readonly CsrReading[];
  readonly root: TableRoot | undefined;
}

/** A hart as it stands: the guest's registers, and one world (bare) or two (under a monitor). */
export interface HartReading {
  readonly id: number;
  readonly pc: bigint;
  readonly x: readonly bigint[];
  readonly worlds: readonly WorldReading[];
  /** TLB entries in use, of how many, by access. */
  readonly tlb: readonly { readonly access: string; readonly used: number; readonly size: number }[];
  /** Pages of 4 KiB whose code the engine of all harts has cached. */
  readonly codePages: number;
}

/** One address through both worlds. */
export interface AddressReading {
  readonly va: bigint;
  readonly guest: TableWalk;
  /** The hart's own walk, through the shadow table; undefined on the bare machine. */
  readonly hart: TableWalk | undefined;
  /** Where the guest-physical page lies in the host; undefined for devices and holes. */
  readonly host: bigint | undefined;
  /** The device there, when it is one. */
  readonly device: string | undefined;
}

/** What inspection needs of a machine. */
export interface Inspected {
  worlds(hart: number): readonly World[];
  hostAddress(guestPhysical: bigint): bigint | undefined;
  deviceAt(guestPhysical: bigint): string | undefined;
  codePages(): number;
  readX(hart: number, index: number): bigint;
  pc(hart: number): bigint;
}

const registers = 32;
/** CSRs that say something only where they are used. */
const mostlyUnused = /^(m?hpm|pmp|tselect|tdata|tinfo|m(vendor|arch|imp)id|mconfigptr)/;

/** Looks at harts, page tables and addresses of a machine, changing nothing a guest could notice. */
export class Inspector {
  readonly #of: Inspected;

  constructor(inspected: Inspected) {
    this.#of = inspected;
  }

  hart(id: number): HartReading {
    const worlds = this.#of.worlds(id);
    return {
      id,
      pc: this.#of.pc(id),
      x: Array.from({ length: registers }, (_, index) => this.#of.readX(id, index)),
      worlds: worlds.map(readWorld),
      tlb: readTlbs(worlds.at(-1)!),
      codePages: this.#of.codePages(),
    };
  }

  /** One table of a world's page table; its root when none is named. */
  table(
    hart: number,
    name: World['name'],
    table?: { readonly address: bigint; readonly level: number; readonly base: bigint },
  ): TableEntry[] {
    const world = this.#of.worlds(hart).find((candidate) => candidate.name === name);
    const root = world?.root();
    if (world === undefined || root === undefined) return [];
    const from = table ?? { address: root.address, level: root.levels - 1, base: 0n };
    return tableEntries(world, { ...from, levels: root.levels });
  }

  /** Translates an address as the guest believes, and as the hart does: now, or in the address space of another satp. */
  walk(hart: number, va: bigint, satp?: bigint): AddressReading {
    const [guest, real] = this.#of.worlds(hart) as [World, World | undefined];
    // In M-mode satp is not looked at: addresses are physical.
    const off = satp === undefined && guest.state.privilege === 3;
    const walked = walkTable(guest, off ? undefined : guest.root(satp), va);
    const { pa } = walked;
    return {
      va,
      guest: walked,
      hart: real && shadowWalk(real, va, satp),
      host: pa === undefined ? undefined : this.#of.hostAddress(pa),
      device: pa === undefined ? undefined : this.#of.deviceAt(pa),
    };
  }
}

/** The hart always translates: without a tree the address leads nowhere yet. */
function shadowWalk(world: World, va: bigint, satp: bigint | undefined): TableWalk {
  const root = world.root(satp);
  return root === undefined ? { root, steps: [], pa: undefined, permits: [] } : walkTable(world, root, va);
}

function readWorld(world: World): WorldReading {
  const csrs = csrTable
    .map(({ number, name }) => ({ number, name, value: peekCsr(world.state, number) ?? 0n }))
    .filter(({ name, value }) => value !== 0n || !mostlyUnused.test(name))
    .map((csr) => ({ ...csr, fields: decodeCsr(csr.number, csr.value) }));
  return { name: world.name, privilege: world.state.privilege, csrs, root: world.root() };
}

/** Tags are every second word of a TLB; zero is an empty entry. */
function readTlbs({ hart: { views } }: World): HartReading['tlb'] {
  const tlbs = { load: views.loadTlb, store: views.storeTlb, fetch: views.fetchTlb };
  return Object.entries(tlbs).map(([access, words]) => {
    let used = 0;
    for (let at = 0; at < words.length; at += 2) if (words[at] !== 0n) used++;
    return { access, used, size: words.length / 2 };
  });
}
