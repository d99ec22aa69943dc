import type { Mmu, WalkedFields } from '@trapline/core';
import {
  type AccessType,
  type CsrFile,
  Envcfg,
  type Leaf,
  M,
  Mstatus,
  type PrivilegedState,
  pmpRegions,
  Slot,
  U,
} from '@trapline/isa';
import { branchKey, PoolExhausted, ShadowBranch, spanPages } from './branch.ts';
import { factsOf, type Guest, leafOf, needed, permissionBits, plainBit } from './permissions.ts';
import type { Entry, TablePool } from './pool.ts';
import { GuestTables, Space, type TableUse } from './tables.ts';
import { type Levels, pageNumber, ShadowTree, virtualPage } from './tree.ts';

/** What the pager asks of the virtual machine around it. */
export interface PagerHost {
  /** The host-physical address of guest-physical page `gpa`, or undefined when it is not RAM the guest was given. */
  hostPage(gpa: bigint): bigint | undefined;
  /** The guest-physical address of a byte of core memory that is the guest's RAM. */
  guestAddress(host: number): number;
  /** The host-physical address of a byte of core memory. */
  hostAddress(host: number): number;
  /** Calls `written` for every store of a hart that may change a valid entry in guest page `page` (by its number) from now on, or not any more. */
  watch(page: number, watched: boolean): void;
  /** Makes every hart of the machine forget cached translations: all of address space `asid`, or (undefined) of all. */
  fence(asid: number | undefined): void;
  /** The same of one page, by the number of its virtual address. */
  fencePage(page: number): void;
  /** A tree was destroyed: no hart may go on in it after the present instruction. */
  leave(): void;
}

export type Fill =
  | {
      readonly kind: 'filled';
      readonly gpa: number;
      readonly leaf: Entry;
      /** So many pages beside it were filled too. */
      readonly around: number;
    }
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
  /** Stores to guest page tables that were heard of. */
  tableStores: number;
  invalidations: number;
  released: number;
  drops: number;
}

const satpModeShift = 60n;
const satpRoot = (1n << 44n) - 1n;
/** What identifies an address space: mode and root, whatever the ASID. */
const spaceKey = (satp: bigint): bigint => (satp & (0xfn << satpModeShift)) | (satp & satpRoot);
const bareKey = -1n;
/** Guest-physical addresses are mapped one to one by an Sv39 tree: RAM and devices of a board lie below 256 GiB. */
const bareLevels: Levels = 3;
const pageMask = ~0xfffn;
const lastAsid = 0xffff;
const mostProtections = 1024;
/** Written at once, as cbo.zero and devices do, that many bytes say that a page is no page table any more. */
const blockBytes = 64;
/** So many pages are filled together where the guest has a larger page, or none. */
const aroundPages = 32;
/** More users of a branch than that, and all translations are forgotten instead of theirs. */
const fewUsers = 4;

/** The guest entries a translation went through: the guest-physical address of the one at a level, from `lowest` up to the root's. */
interface Path {
  readonly lowest: number;
  at(level: number): number;
}

/** Where an access leads: a branch and the number of the page in it, and that page's guest- and host-physical addresses. */
interface Target {
  readonly branch: ShadowBranch;
  readonly page: number;
  readonly gpa: number;
  readonly hpa: number;
}

/** A walk that need not be followed again: the table it ended in was reached through these entries. */
interface Followed {
  readonly branch: ShadowBranch;
  readonly covers: number;
  readonly entries: readonly number[];
}

interface WritableMapping {
  readonly branch: ShadowBranch;
  readonly page: number;
}

/** Shadow page tables of one virtual machine: kept coherent with the guest's tables, so a fence or a satp write drops nothing. */
export class Pager {
  readonly #host: PagerHost;
  readonly #pool: TablePool;
  readonly #spaces = new Map<bigint, Space>();
  readonly #branches = new Set<ShadowBranch>();
  readonly #shared = new Map<string, ShadowBranch>();
  readonly #tables = new GuestTables();
  /** Where each guest page is mapped writable, by guest page number: what to protect when it becomes a page table. */
  readonly #writable = new Map<number, WritableMapping[]>();
  /** By the number of the guest table a walk ended in. */
  readonly #followed = new Map<number, Followed>();
  /** Numbers of the PMP settings met so far. */
  readonly #protections = new Map<string, number>();
  #nextProtection = 0;
  #nextAsid = 1;
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
      leaves: [...this.#branches].reduce((sum, { leaves }) => sum + leaves, 0),
      poolPages: this.#pool.pages,
      poolPagesUsed: this.#pool.used,
      guestTables: this.#tables.size,
      ...this.#counts,
      fills: this.#counts.fills + this.#pool.fills,
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
    const space = this.#spaces.get(spaceKey(satp));
    const fits = [...(space?.trees ?? [])].filter(
      ([view]) => ((view & supervisorView) === 0) === (privilege === U),
    );
    return fits.at(-1)?.[1];
  }

  #find(state: PrivilegedState, protection: number): ShadowTree {
    if (this.#nextAsid > lastAsid) this.dropAll();
    const satp = state.csrs.get(Slot.satp);
    const bare = state.privilege === M || satp >> satpModeShift === 0n;
    const key = bare ? bareKey : spaceKey(satp);
    const levels = bare ? bareLevels : ((Number(satp >> satpModeShift) - 5) as Levels);
    let space = this.#spaces.get(key);
    if (space === undefined) {
      space = new Space(key, levels);
      this.#spaces.set(key, space);
    }
    const view = protection * views + (bare ? Number(state.privilege === M) : viewOf(state));
    let tree = space.trees.get(view);
    if (tree === undefined) {
      tree = new ShadowTree(this.#pool, levels, { asid: this.#nextAsid++, view });
      space.trees.set(view, tree);
    }
    return tree;
  }

  /**
   * Whether write protection makes every store to a guest page table an exit; otherwise they happen in place, and are heard of. Then plain leaves may be
   * filled in place, too.
   */
  get protecting(): boolean {
    return this.#protecting;
  }

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
        : this.#fillPlain(guest, tree, access, va, host);
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.dropAll();
      return { kind: 'retry' };
    }
  }

  /** The access leads to RAM at a host offset, and no entry has to change. */
  #fillPlain({ state, mmu }: Guest, tree: ShadowTree, access: AccessType, va: bigint, host: number): Fill {
    const found = mmu.walked();
    const path = found.size === 0 ? undefined : this.#pathOf(found);
    const { branch, page } = this.#place(state, tree, va, path);
    const gpa = this.#host.guestAddress(host & ~0xfff);
    const target = { branch, page, gpa, hpa: this.#host.hostAddress(host & ~0xfff) };
    const bits = permissionBits(state, found);
    const filled = this.#install(access, target, this.#watched(bits, gpa));
    if (filled.kind !== 'filled') return filled;
    if (found.size === 12) {
      branch.derive(page, Math.floor(found.entries[0]! / 4096));
      return filled;
    }
    return { ...filled, around: this.#fillAround(mmu, target, bits) };
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
    const { branch, page } = this.#place(guest.state, tree, va, walked && pathOfWalk(walked, tree.levels));
    const bits = this.#watched(permissionBits(guest.state, factsOf(guest, walked?.pte, gpa)), Number(gpa));
    return this.#install(access, { branch, page, gpa: Number(gpa), hpa: Number(hpa) }, bits);
  }

  /** What is left of a page's permissions where stores to guest page tables are to exit. */
  #watched(bits: number, gpa: number): number {
    return this.#protecting && this.#tables.has(gpa / 4096) ? bits & ~plainBit.W : bits;
  }

  #install(access: AccessType, { branch, page, gpa, hpa }: Target, bits: number): Fill {
    if ((bits & plainBit[needed[access]]) === 0) return { kind: 'emulate' };
    const leaf = leafOf(hpa, bits);
    if (branch.map(page, leaf)) this.#forgetPage(branch, page);
    if (this.#protecting && bits & plainBit.W) this.#noteWritable(gpa / 4096, { branch, page });
    this.#counts.fills++;
    return { kind: 'filled', gpa, leaf, around: 0 };
  }

  /** A larger page, or no translation at all: its neighbours get the same. How many had none yet. */
  #fillAround(mmu: Mmu, { branch, page, gpa, hpa }: Target, bits: number): number {
    const before = page % aroundPages;
    const firstGpa = gpa - before * 4096;
    if (firstGpa % (aroundPages * 4096) !== 0 || !mmu.isUniform(firstGpa, aroundPages * 4096)) return 0;
    const first = page - before;
    const filled = branch.mapEmpty(first, aroundPages, (n) => {
      const allowed = this.#watched(bits, firstGpa + n * 4096);
      if (this.#protecting && allowed & plainBit.W)
        this.#noteWritable(firstGpa / 4096 + n, { branch, page: first + n });
      return leafOf(hpa + (n - before) * 4096, allowed);
    });
    this.#counts.around += filled;
    return filled;
  }

  #pathOf({ size, entries }: WalkedFields): Path {
    return { lowest: (size - 12) / 9, at: (level) => this.#host.guestAddress(entries[level]!) };
  }

  /** The branch of `tree` that holds `va`, made or shared if there is none yet; what was walked to get there is remembered. */
  #place(
    state: PrivilegedState,
    tree: ShadowTree,
    va: bigint,
    path: Path | undefined,
  ): { readonly branch: ShadowBranch; readonly page: number } {
    const number = pageNumber(va, tree.levels);
    const entry = Math.floor(number / tree.branchPages);
    const page = number % tree.branchPages;
    const branch = this.#branchAt(tree, entry, path);
    const space = path && this.#spaceOf(state);
    if (path && space) this.#follow(space, branch, page, path);
    return { branch, page };
  }

  #branchAt(tree: ShadowTree, entry: number, path: Path | undefined): ShadowBranch {
    const level = tree.levels - 2;
    // A page as large as a root entry, or no translation: nothing to share it by.
    const origin = path === undefined || path.lowest > level ? undefined : pageOf(path.at(level));
    const present = tree.branch(entry);
    if (present !== undefined && present.origin === origin) return present;
    if (present !== undefined) this.#detach(tree, entry);
    const branch = this.#grow({ level, view: tree.view, origin });
    tree.attach(entry, branch);
    return branch;
  }

  #grow(wanted: { level: number; view: number; origin: number | undefined }): ShadowBranch {
    const key = branchKey(wanted);
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known !== undefined) return known;
    const branch = new ShadowBranch(this.#pool, wanted);
    this.#branches.add(branch);
    if (key !== undefined) this.#shared.set(key, branch);
    return branch;
  }

  #detach(tree: ShadowTree, entry: number): boolean {
    const branch = tree.detach(entry);
    if (branch === undefined) return false;
    this.#host.fence(tree.asid);
    this.#fell(branch);
    return true;
  }

  /** A branch nobody uses goes. */
  #fell(branch: ShadowBranch): void {
    if (branch.users.size > 0 || !branch.alive) return;
    branch.destroy();
    this.#branches.delete(branch);
    const { key } = branch;
    if (key !== undefined) this.#shared.delete(key);
  }

  /** Remembers the guest tables a translation went through; those that are new are watched. */
  #follow(space: Space, branch: ShadowBranch, page: number, path: Path): void {
    const { lowest } = path;
    const root = space.levels - 1;
    const covers = Math.floor(page / spanPages(lowest + 1));
    const table = pageOf(path.at(lowest));
    const known = this.#followed.get(table);
    // The root is the tree's own, and may be new to the branch.
    this.#use(path.at(root), { space });
    if (known?.branch === branch && known.covers === covers && samePath(known.entries, path)) {
      this.#tables.walkedThrough(table);
      return;
    }
    const entries: number[] = [];
    for (let level = lowest; level < root; level++) {
      const span = spanPages(level + 1);
      this.#use(path.at(level), { branch, level, page: Math.floor(page / span) * span });
      if (level > lowest) entries.push(path.at(level));
    }
    this.#followed.set(table, { branch, covers, entries });
  }

  #use(entryAddress: number, use: TableUse): void {
    const page = pageOf(entryAddress);
    if (!this.#tables.use(page, use)) return;
    this.#host.watch(page, true);
    if (this.#protecting) this.#protect(page);
  }

  #spaceOf(state: PrivilegedState): Space | undefined {
    const satp = state.csrs.get(Slot.satp);
    return this.#spaces.get(spaceKey(satp));
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
    const hpa = Number(this.#host.hostPage(BigInt(page) << 12n));
    const kept: WritableMapping[] = [];
    for (const mapping of known) {
      if (!mapping.branch.alive || mapping.branch.writableFrame(mapping.page) !== hpa) continue;
      if (!kept.some(({ branch, page: at }) => branch === mapping.branch && at === mapping.page))
        kept.push(mapping);
    }
    known.splice(0, known.length, ...kept);
  }

  #protect(page: number): void {
    const hpa = Number(this.#host.hostPage(BigInt(page) << 12n));
    for (const { branch, page: at } of this.#writable.get(page) ?? []) {
      if (!branch.alive || branch.writableFrame(at) !== hpa) continue;
      branch.protect(at);
      this.#forgetPage(branch, at);
    }
    this.#writable.delete(page);
  }

  /** Makes the harts forget one page of a branch, wherever it is. */
  #forgetPage(branch: ShadowBranch, page: number): void {
    let last: number | undefined;
    for (const [tree, entries] of branch.users) {
      for (const entry of entries) {
        const number = virtualPage(entry * tree.branchPages + page, tree.levels);
        // A branch is mostly at one place in all trees.
        if (number !== last) this.#host.fencePage(number);
        last = number;
      }
    }
  }

  #forgetBranch({ users }: ShadowBranch): void {
    if (users.size > fewUsers) this.#host.fence(undefined);
    else for (const tree of users.keys()) this.#host.fence(tree.asid);
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
      if (to - from >= blockBytes - 1 || (this.#tables.stored(page) && !this.#wasFilled(page)))
        this.#release(page);
      else for (let entry = from >> 3; entry <= to >> 3; entry++) this.#invalidate(page, entry);
    }
  }

  /** Whether leaves were filled in place from a table since that was asked: it is in use, whatever is stored there. */
  #wasFilled(page: number): boolean {
    let fills = 0;
    for (const use of this.#tables.uses(page))
      if (!('space' in use) && use.level === 0 && use.branch.alive) fills += use.branch.takeFills(use.page);
    if (fills > 0) this.#tables.walkedThrough(page);
    return fills > 0;
  }

  /** What derives from one entry of a table page goes. */
  #invalidate(page: number, entry: number): void {
    for (const use of this.#tables.uses(page)) {
      if (this.#clear(use, entry)) this.#counts.invalidations++;
    }
  }

  #clear(use: TableUse, entry: number): boolean {
    if ('space' in use) {
      const gone = [...use.space.trees.values()].filter((tree) => this.#detach(tree, entry));
      return gone.length > 0;
    }
    const { branch, level } = use;
    const page = use.page + entry * spanPages(level);
    if (!branch.alive || !branch.clear(page, level)) return false;
    if (level === 0) this.#forgetPage(branch, page);
    else this.#forgetBranch(branch);
    return true;
  }

  /** Stops treating `page` as a page table: everything derived from it goes, and it may be mapped writable again. */
  #release(page: number): void {
    this.#counts.released++;
    this.#followed.clear();
    this.#host.watch(page, false);
    for (const use of this.#tables.forget(page)) this.#dropUse(use);
  }

  #dropUse(use: TableUse): void {
    if ('space' in use) this.#dropSpace(use.space);
    else if (use.branch.alive && use.level === use.branch.level) this.#cut(use.branch);
    else if (use.branch.alive && use.branch.clear(use.page, use.level + 1)) this.#forgetBranch(use.branch);
  }

  /** No root leads to the branch any more. */
  #cut(branch: ShadowBranch): void {
    for (const [tree, entries] of [...branch.users])
      for (const entry of [...entries]) this.#detach(tree, entry);
  }

  #dropSpace(space: Space): void {
    for (const tree of space.trees.values()) this.#destroy(tree);
    space.trees.clear();
    space.alive = false;
    if (this.#spaces.get(space.key) === space) this.#spaces.delete(space.key);
  }

  #destroy(tree: ShadowTree): void {
    for (const branch of tree.destroy()) this.#fell(branch);
    this.generation++;
    this.#host.fence(tree.asid);
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
    // A branch that was grown for a tree which then found no room.
    for (const branch of this.#branches) this.#fell(branch);
    for (const page of this.#tables.pages()) this.#host.watch(page, false);
    this.#tables.clear();
    this.#followed.clear();
    this.#writable.clear();
    this.#nextAsid = 1;
  }
}

const pageOf = (address: number): number => Math.floor(address / 4096);

const pathOfWalk = ({ levels }: Leaf, depth: number): Path => ({
  lowest: depth - levels.length,
  at: (level) => Number(levels[depth - 1 - level]!.pteAddress),
});

function samePath(entries: readonly number[], path: Path): boolean {
  for (let n = 0; n < entries.length; n++) if (entries[n] !== path.at(path.lowest + 1 + n)) return false;
  return true;
}

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
