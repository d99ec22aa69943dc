import type { Mmu, WalkedFields } from '@trapline/core';
import {
  type AccessType,
  type CsrFile,
  Envcfg,
  type Leaf,
  M,
  Mstatus,
  type PrivilegedState,
  Pte,
  pmpRegions,
  S,
  Slot,
  U,
} from '@trapline/isa';
import type { TablePool } from './pool.ts';
import { GuestTables, Space, type TableUse } from './tables.ts';
import { canonical, type Levels, PoolExhausted, ShadowTree, spanBytes } from './tree.ts';

/** What the pager asks of the virtual machine around it. */
export interface PagerHost {
  /** The host-physical address of guest-physical page `gpa`, or undefined when it is not RAM the guest was given. */
  hostPage(gpa: bigint): bigint | undefined;
  /** The guest-physical address of a byte of core memory that is the guest's RAM. */
  guestAddress(host: number): number;
  /** The host-physical address of a byte of core memory. */
  hostAddress(host: number): number;
  /** Calls `written` for every store of a hart to guest page `page` (by its number) from now on, or not any more. */
  watch(page: number, watched: boolean): void;
  /** Makes every hart of the machine forget cached translations of one page or (undefined) all of address space `asid`. */
  fence(va: bigint | undefined, asid: number): void;
  /** A tree was destroyed: no hart may go on in it after the present instruction. */
  leave(): void;
}

export type Fill =
  | { readonly kind: 'filled'; readonly gpa: bigint; readonly hpa: bigint; readonly leaf: bigint }
  /** The guest's own page fault: deliver it. */
  | { readonly kind: 'fault'; readonly cause: number }
  /** Not to be done in place: execute the instruction on the virtual hart. */
  | { readonly kind: 'emulate' }
  /** The tree is gone (the pool was exhausted, or its root forgotten): enter the guest again. */
  | { readonly kind: 'retry' };

/** Figures about shadow paging. */
export interface PagerStats {
  readonly spaces: number;
  readonly trees: number;
  readonly leaves: number;
  readonly poolPages: number;
  readonly poolPagesUsed: number;
  readonly guestTables: number;
  fills: number;
  /** Pages mapped because they are beside one that was filled. */
  around: number;
  /** Stores to guest page tables. */
  tableStores: number;
  invalidations: number;
  released: number;
  drops: number;
}

const satpModeShift = 60n;
const satpRoot = (1n << 44n) - 1n;
const bareKey = -1n;
/** Guest-physical addresses are mapped one to one by an Sv39 tree: RAM and devices of a board lie below 256 GiB. */
const bareLevels: Levels = 3;
const barePermissions = Pte.R | Pte.W | Pte.X | Pte.D;
const pageMask = ~0xfffn;

/** A guest as the pager sees it: its privileged state, and the walk and PMP rules the bare hart would apply. */
export interface Guest {
  readonly state: PrivilegedState;
  readonly mmu: Mmu;
}

/** Where an access leads: the guest page, the host page behind it, and the guest's leaf entry (none where translation is off). */
interface Target {
  readonly leaf: Leaf | undefined;
  readonly gpa: bigint;
  readonly hpa: bigint;
}
const lastAsid = 0xffff;
const mostProtections = 1024;

/** An access: its address, and where it leads. */
interface Place {
  readonly va: bigint;
  readonly host: number;
}

/** A page that was filled. */
interface Surroundings {
  readonly va: bigint;
  readonly gpa: number;
  readonly hpa: number;
  readonly bits: number;
}

/** A guest table, by its number, that translates what `covers` numbers of a space. */
interface Followed {
  readonly space: Space;
  readonly covers: number;
  /** Where the entries lie that lead to it, lowest first. */
  readonly above: readonly number[];
  readonly page: number;
}

interface WritableMapping {
  readonly tree: ShadowTree;
  readonly va: bigint;
}

/** Shadow page tables of one virtual machine: kept coherent with the guest's tables, so a fence or a satp write drops nothing. */
export class Pager {
  readonly #host: PagerHost;
  readonly #pool: TablePool;
  readonly #spaces = new Map<bigint, Space>();
  readonly #tables = new GuestTables();
  /** Where each guest page is mapped writable, by guest page number: what to protect when it becomes a page table. */
  readonly #writable = new Map<number, WritableMapping[]>();
  /** Numbers of the PMP settings met so far. */
  readonly #protections = new Map<string, number>();
  #nextProtection = 0;
  #nextAsid = 1;
  /** The last tables that translations went through, by what they cover: walks through them need not be followed again. */
  readonly #followed = new Map<number, Followed>();
  #protecting = true;
  #counts = { fills: 0, around: 0, tableStores: 0, invalidations: 0, released: 0, drops: 0 };
  /** Changes when trees were destroyed: a tree chosen before must be chosen again. */
  generation = 0;

  constructor(host: PagerHost, pool: TablePool) {
    this.#host = host;
    this.#pool = pool;
  }

  stats(): PagerStats {
    const trees = [...this.#spaces.values()].flatMap((space) => [...space.trees.values()]);
    return {
      spaces: this.#spaces.size,
      trees: trees.length,
      leaves: trees.reduce((sum, tree) => sum + tree.leaves, 0),
      poolPages: this.#pool.pages,
      poolPagesUsed: this.#pool.used,
      guestTables: this.#tables.size,
      ...this.#counts,
    };
  }

  /**
   * A number for what a hart's PMP registers say. Harts differ in them and change them, and a tree holds only what they allowed:
   * the same settings have the same trees.
   */
  protection(csrs: CsrFile): number {
    const key = pmpRegions(csrs)
      .map(({ from, to, permissions, locked }) => `${from}-${to}:${permissions}${locked}`)
      .join();
    const known = this.#protections.get(key);
    if (known !== undefined) return known;
    if (this.#protections.size >= mostProtections) this.#protections.clear();
    this.#protections.set(key, ++this.#nextProtection);
    return this.#nextProtection;
  }

  /** The tree for the state's privilege, satp, permission bits and PMP (a number of `protection`), made when there is none yet. */
  tree(state: PrivilegedState, protection: number): ShadowTree {
    try {
      return this.#find(state, protection);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.dropAll();
      return this.#find(state, protection);
    }
  }

  /** The newest tree there is of an address space, for U-mode or the modes above it; looking makes none. */
  known(satp: bigint, privilege: number): ShadowTree | undefined {
    const space = this.#spaces.get((satp & (0xfn << satpModeShift)) | (satp & satpRoot));
    const fits = [...(space?.trees ?? [])].filter(
      ([view]) => ((view & supervisorView) === 0) === (privilege === U),
    );
    return fits.at(-1)?.[1];
  }

  #find(state: PrivilegedState, protection: number): ShadowTree {
    if (this.#nextAsid > lastAsid) this.dropAll();
    const satp = state.csrs.get(Slot.satp);
    const bare = state.privilege === M || satp >> satpModeShift === 0n;
    const key = bare ? bareKey : (satp & (0xfn << satpModeShift)) | (satp & satpRoot);
    const levels = bare ? bareLevels : ((Number(satp >> satpModeShift) - 5) as Levels);
    let space = this.#spaces.get(key);
    if (space === undefined) {
      space = new Space(key, levels);
      this.#spaces.set(key, space);
    }
    const view = protection * views + (bare ? Number(state.privilege === M) : viewOf(state));
    let tree = space.trees.get(view);
    if (tree === undefined) {
      tree = new ShadowTree(this.#pool, levels, this.#nextAsid++);
      space.trees.set(view, tree);
    }
    return tree;
  }

  /** Whether write protection makes every store to a guest page table an exit; otherwise they happen in place, and are heard of. */
  set protecting(value: boolean) {
    if (value === this.#protecting) return;
    this.#forgetAll();
    this.#protecting = value;
  }

  /** Makes `access` at `va` possible in `tree`, or says why not. Sets A and D in the guest's table as the bare machine would. */
  fill(guest: Guest, tree: ShadowTree, access: AccessType, va: bigint): Fill {
    try {
      const host = guest.mmu.examinePlain(va, access);
      return host === 0
        ? this.#fillSpecial(guest, tree, access, va)
        : this.#fillPlain(guest, tree, access, { va, host });
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.dropAll();
      return { kind: 'retry' };
    }
  }

  /** The access leads to RAM at a host offset, and no entry has to change. */
  #fillPlain({ state, mmu }: Guest, tree: ShadowTree, access: AccessType, { va, host }: Place): Fill {
    const gpa = this.#host.guestAddress(host);
    const page = Math.floor(gpa / 4096);
    const found = mmu.walked();
    if (found.size !== 0) this.#followPlain(state, found, va);
    const bits = permissionBits(state, found) & ~(this.#protects(page) ? plainBit.W : 0);
    if ((bits & plainBit[needed[access]]) === 0) return { kind: 'emulate' };
    const hpa = this.#host.hostAddress(host & ~0xfff);
    const leaf = leafOf(hpa, bits);
    if (tree.map(va & pageMask, leaf) !== 0n) this.#host.fence(va, tree.asid);
    this.#counts.fills++;
    if (!this.#protecting && found.size !== 12) this.#fillAround(mmu, tree, { va, gpa, hpa, bits });
    if (this.#protecting && bits & plainBit.W) this.#noteWritable(page, { tree, va: va & pageMask });
    return { kind: 'filled', gpa: BigInt(page) << 12n, hpa: BigInt(hpa), leaf };
  }

  /** A larger page, or no translation at all: its neighbours get the same. */
  #fillAround(mmu: Mmu, tree: ShadowTree, { va, gpa, hpa, bits }: Surroundings): void {
    const page = Math.floor(gpa / 4096);
    const before = page % aroundPages;
    const [firstGpa, firstHpa] = [(page - before) * 4096, hpa - before * 4096];
    const firstVa = (va & pageMask) - BigInt(before * 4096);
    if (firstVa % aroundBytes !== 0n || !mmu.isUniform(firstGpa, aroundPages * 4096)) return;
    for (let n = 0; n < aroundPages; n++) {
      if (n === before) continue;
      if (tree.map(firstVa + BigInt(n * 4096), leafOf(firstHpa + n * 4096, bits), false) === 0n)
        this.#counts.around++;
    }
  }

  #protects(page: number): boolean {
    return this.#protecting && this.#tables.has(page);
  }

  #followPlain(state: PrivilegedState, { size, entries }: WalkedFields, va: bigint): void {
    const space = this.#spaceOf(state);
    if (space === undefined) return;
    const lowest = (size - 12) / 9;
    const covers = Number(va >> BigInt(size + 9));
    const table = entries[lowest]! >>> 12;
    const known = this.#followed.get(table);
    if (known?.space === space && known.covers === covers && samePath(known.above, entries, lowest)) {
      this.#tables.walkedThrough(known.page);
      return;
    }
    const above: number[] = [];
    for (let level = space.levels - 1; level >= lowest; level--) {
      const base = (va / spanBytes(level + 1)) * spanBytes(level + 1);
      this.#use(this.#host.guestAddress(entries[level]!), space, level, base);
      if (level > lowest) above.unshift(entries[level]!);
    }
    const page = Math.floor(this.#host.guestAddress(entries[lowest]!) / 4096);
    this.#followed.set(table, { space, covers, above, page });
  }

  #use(pteAddress: number, space: Space, level: number, base: bigint): void {
    const page = Math.floor(pteAddress / 4096);
    if (!this.#tables.use(page, space, level, base)) return;
    this.#host.watch(page, true);
    if (this.#protecting) this.#protect(page);
  }

  #fillSpecial(guest: Guest, tree: ShadowTree, access: AccessType, va: bigint): Fill {
    const walked = guest.mmu.examine(va, access);
    if (walked?.kind === 'fault') return walked;
    // Setting A or D is a store to a page table, and may have been one too many for the tree.
    if (!tree.alive) return { kind: 'retry' };
    const gpa = (walked?.pa ?? va) & pageMask;
    const hpa = this.#host.hostPage(gpa);
    // Devices, holes and what PMP forbids or splits: the instruction itself, executed on the virtual hart, says what happens.
    if (hpa === undefined || guest.mmu.protection(gpa, access) !== 'allow') return { kind: 'emulate' };
    if (walked !== undefined) this.#follow(guest.state, walked, va);
    return this.#install(guest, tree, access, va & pageMask, { leaf: walked, gpa, hpa });
  }

  #install(guest: Guest, tree: ShadowTree, access: AccessType, va: bigint, { leaf, gpa, hpa }: Target): Fill {
    const page = Number(gpa >> 12n);
    const bits = this.#permissions(guest, leaf?.pte, gpa) & ~(this.#protects(page) ? Pte.W : 0n);
    if ((bits & Pte[needed[access]]) === 0n) return { kind: 'emulate' };
    const entry = ((hpa >> 12n) << 10n) | bits | alwaysSet;
    if (tree.map(va, entry) !== 0n) this.#host.fence(va, tree.asid);
    if (this.#protecting && bits & Pte.W) this.#noteWritable(page, { tree, va });
    this.#counts.fills++;
    return { kind: 'filled', gpa, hpa, leaf: entry };
  }

  /** R, W and X the guest has on a page at its present privilege, as far as they may be used in place. */
  #permissions({ state, mmu }: Guest, entry: bigint | undefined, gpa: bigint): bigint {
    const pte = entry ?? barePermissions;
    const status = state.csrs.get(Slot.mstatus);
    const mine = entry === undefined || ((pte & Pte.U) !== 0n) === (state.privilege === U);
    const data = mine || (state.privilege === S && (status & Mstatus.SUM) !== 0n);
    const readable = (pte & Pte.R) !== 0n || ((status & Mstatus.MXR) !== 0n && (pte & Pte.X) !== 0n);
    const may = (access: AccessType): boolean => mmu.protection(gpa, access) === 'allow';
    let bits = 0n;
    if (data && readable && may('load')) bits |= Pte.R;
    // A page that can be written but not read has no encoding: such stores are emulated.
    if (bits && pte & Pte.W && pte & Pte.D && may('store')) bits |= Pte.W;
    if (mine && pte & Pte.X && may('fetch')) bits |= Pte.X;
    return bits;
  }

  /** Remembers the guest tables a translation went through, and write-protects those that are new. */
  #follow(state: PrivilegedState, walked: Leaf, va: bigint): void {
    const space = this.#spaceOf(state);
    if (space === undefined) return;
    let level = space.levels - 1;
    for (const { pteAddress } of walked.levels) {
      const base = (va / spanBytes(level + 1)) * spanBytes(level + 1);
      this.#use(Number(pteAddress), space, level, base);
      level--;
    }
  }

  #spaceOf(state: PrivilegedState): Space | undefined {
    const satp = state.csrs.get(Slot.satp);
    return this.#spaces.get((satp & (0xfn << satpModeShift)) | (satp & satpRoot));
  }

  #noteWritable(page: number, mapping: WritableMapping): void {
    const known = this.#writable.get(page);
    if (known === undefined) this.#writable.set(page, [mapping]);
    else {
      if (known.length >= 16) this.#prune(page, known);
      known.push(mapping);
    }
  }

  /** Forgets mappings that are gone, so that the list stays as long as there are mappings. */
  #prune(page: number, known: WritableMapping[]): void {
    const hpa = this.#host.hostPage(BigInt(page) << 12n);
    const alive = known.filter(({ tree, va }) => {
      const leaf = tree.alive ? tree.leaf(va) : 0n;
      return (leaf & Pte.W) !== 0n && (leaf >> 10n) << 12n === hpa;
    });
    const seen = new Set<string>();
    known.length = 0;
    for (const mapping of alive) {
      const key = `${mapping.tree.asid}:${mapping.va}`;
      if (!seen.has(key)) known.push(mapping);
      seen.add(key);
    }
  }

  #protect(page: number): void {
    const hpa = this.#host.hostPage(BigInt(page) << 12n);
    for (const { tree, va } of this.#writable.get(page) ?? []) {
      if (!tree.alive || (tree.leaf(va) >> 10n) << 12n !== hpa) continue;
      if (tree.protect(va)) this.#host.fence(va, tree.asid);
    }
    this.#writable.delete(page);
  }

  /** The guest (or a device) changed `[gpa, gpa + bytes)`: what the shadows derived from page tables there goes. */
  written(gpa: number, bytes: number): void {
    const end = gpa + bytes - 1;
    const first = Math.floor(gpa / 4096);
    const last = Math.floor(end / 4096);
    for (let page = first; page <= last; page++) {
      if (!this.#tables.has(page)) continue;
      this.#counts.tableStores++;
      const from = page === first ? gpa % 4096 : 0;
      const to = page === last ? end % 4096 : 4095;
      if (to - from >= 64 || this.#tables.stored(page)) this.#release(page);
      else for (let entry = from >> 3; entry <= to >> 3; entry++) this.#invalidate(page, entry);
    }
  }

  #invalidate(page: number, entry: number): void {
    this.#tables.invalidate(page, entry, (tree, va, level) => {
      this.#counts.invalidations++;
      this.#host.fence(level === 0 ? va : undefined, tree.asid);
    });
  }

  /** Stops treating `page` as a page table: everything derived from it goes, and it may be mapped writable again. */
  #release(page: number): void {
    this.#counts.released++;
    this.#followed.clear();
    this.#host.watch(page, false);
    for (const use of this.#tables.forget(page)) this.#dropUse(use);
  }

  #dropUse({ space, level, base }: TableUse): void {
    const root = level === space.levels - 1;
    for (const tree of space.trees.values()) {
      if (root) this.#destroy(tree);
      else if (tree.clear(canonical(base, space.levels), level + 1)) this.#host.fence(undefined, tree.asid);
    }
    if (root) {
      space.trees.clear();
      space.alive = false;
      if (this.#spaces.get(space.key) === space) this.#spaces.delete(space.key);
    }
  }

  #destroy(tree: ShadowTree): void {
    tree.destroy();
    this.generation++;
    this.#host.fence(undefined, tree.asid);
    this.#host.leave();
  }

  /** Forgets every shadow; the guest's own tables are the truth and fill new ones. */
  dropAll(): void {
    this.#counts.drops++;
    this.#forgetAll();
  }

  #forgetAll(): void {
    for (const space of this.#spaces.values()) for (const tree of space.trees.values()) this.#destroy(tree);
    this.#spaces.clear();
    for (const page of this.#tables.pages()) this.#host.watch(page, false);
    this.#tables.clear();
    this.#followed.clear();
    this.#writable.clear();
    this.#nextAsid = 1;
  }
}

const needed = { fetch: 'X', load: 'R', store: 'W' } as const satisfies Record<AccessType, string>;

/** The bits of an entry that are in play, as numbers, and those of mstatus. */
const plainBit = { R: Number(Pte.R), W: Number(Pte.W), X: Number(Pte.X), U: Number(Pte.U), D: Number(Pte.D) };
const untranslated = plainBit.R | plainBit.W | plainBit.X | plainBit.D;
const statusBit = { SUM: Number(Mstatus.SUM), MXR: Number(Mstatus.MXR) };

/** So many pages are filled together where the guest has a larger page, or none. */
const aroundPages = 32;
const aroundBytes = BigInt(aroundPages * 4096);

/** `Pager.#permissions` for what an examination found. */
function permissionBits({ csrs, privilege }: PrivilegedState, { size, leaf, allowed }: WalkedFields): number {
  const status = Number(csrs.get(Slot.mstatus) & 0xffff_ffffn);
  const pte = size === 0 ? untranslated : leaf;
  const mine = size === 0 || ((pte & plainBit.U) !== 0) === (privilege === U);
  const data = mine || (privilege === S && (status & statusBit.SUM) !== 0);
  const readable = (pte & plainBit.R) !== 0 || ((status & statusBit.MXR) !== 0 && (pte & plainBit.X) !== 0);
  let bits = 0;
  if (data && readable && allowed.load) bits |= plainBit.R;
  // A page that can be written but not read has no encoding: such stores are emulated.
  if (bits && pte & plainBit.W && pte & plainBit.D && allowed.store) bits |= plainBit.W;
  if (mine && pte & plainBit.X && allowed.fetch) bits |= plainBit.X;
  return bits;
}

function samePath(above: readonly number[], entries: ArrayLike<number>, lowest: number): boolean {
  for (let n = 0; n < above.length; n++) if (above[n] !== entries[lowest + 1 + n]) return false;
  return true;
}

const leafOf = (hpa: number, bits: number): bigint => (BigInt(hpa / 4096) << 10n) | BigInt(bits) | alwaysSet;
const alwaysSet = Pte.V | Pte.U | Pte.A | Pte.D;

/** How many values `viewOf` has, and the bit of those that are not of U-mode. */
const views = 16;
const supervisorView = 4;

/** What else than the guest's table and PMP decides: privilege, MXR, whether PBMT bits are allowed, and for S-mode SUM. */
const viewOf = (state: PrivilegedState): number => {
  const status = state.csrs.get(Slot.mstatus);
  const both = (status & Mstatus.MXR ? 2 : 0) | (state.csrs.get(Slot.menvcfg) & Envcfg.PBMTE ? 8 : 0);
  if (state.privilege === U) return both;
  return supervisorView | both | (status & Mstatus.SUM ? 1 : 0);
};
