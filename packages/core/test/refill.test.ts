import { type AccessType, Envcfg, Mstatus, type Privilege, Slot, slotOf } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Core, createCore, type Hart, Slow } from '../src/index.ts';
import { type Refills, refillsOf } from '../src/refill/instance.ts';
import { refillModule } from '../src/refill/refill.ts';
import { A, D, G, R, U, V, W, X } from './paging.ts';

/** Two harts with the same state: one tries refills first, the other knows `Mmu` alone. */

const ramBase = 0x8000_0000;
const ramBytes = 4 << 20;
const smallBase = 0x9000_0000;
const smallBytes = 0x1_0000;
/** RAM that comes and goes. */
const spare = 0xa000_0000;
/** Any table may be of any level. */
const tablePages = [0, 1, 2, 3].map((n) => ramBase + n * 4096);
const indices = [0, 1, 2, 511];

class Twins {
  readonly core: Core;
  readonly refilled: Hart;
  readonly walked: Hart;
  readonly refills: Refills;
  /** Refills that succeeded. */
  hits = 0;

  constructor() {
    this.core = createCore({ harts: 2, memoryBytes: ramBytes + 2 * smallBytes, engine: 'reference' });
    this.core.bus.addRam(ramBase, ramBytes);
    this.core.bus.addRam(smallBase, smallBytes);
    this.refilled = this.core.createHart({ id: 0, delivery: 'host' });
    this.walked = this.core.createHart({ id: 1, delivery: 'host' });
    this.refills = refillsOf(this.core.memory);
  }

  each(change: (hart: Hart) => void): void {
    change(this.refilled);
    change(this.walked);
  }

  pte(address: number): bigint {
    return this.core.memory.view.getBigUint64(this.core.bus.ram(address, 8), true);
  }

  writePte(address: number, pte: bigint): void {
    this.core.memory.view.setBigUint64(this.core.bus.ram(address, 8), pte, true);
  }

  /** All entries tables may have. */
  tables(): bigint[] {
    return tablePages.flatMap((table) => indices.map((index) => this.pte(table + 8 * index)));
  }

  setTables(ptes: readonly bigint[]): void {
    tablePages.forEach((table, t) => {
      for (const [n, index] of indices.entries())
        this.writePte(table + 8 * index, ptes[t * indices.length + n]!);
    });
  }

  /** What a hart's accesses left behind: its TLBs, and what fences are told of them. */
  traces({ views: { loadTlb, storeTlb, fetchTlb, largePages } }: Hart): Buffer {
    const fields = [loadTlb, storeTlb, fetchTlb, largePages];
    return Buffer.concat(
      fields.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
    );
  }
}

const slow: Readonly<Record<AccessType, (hart: Hart, va: bigint) => number>> = {
  load: ({ slow }, va) => slow.loadSlow(va, 1, false),
  // An atomic resolves without changing a byte.
  store: ({ slow }, va) => slow.resolveAtomic(va & ~7n, 8),
  fetch: ({ slow }, va) => slow.fetchPage(va & ~1n),
};

/** What those give for a trap, and which it is. */
const traps = { load: Slow.trap, store: -1, fetch: -1 } as const;
const trapOf = ({ views }: Hart) => [views.exitCause[0], views.exitTval[0]];

/** One access on both harts: on a miss a refill may only do what `Mmu` does, and must do what is plain. */
function access(twins: Twins, va: bigint, type: AccessType): void {
  const { refilled, walked } = twins;
  twins.each((hart) => {
    hart.slow.refresh();
  });
  const tables = twins.tables();
  const before = twins.traces(walked);
  const { misses } = walked.slow;
  const resolved = slow[type](walked, va);
  const unchanged = twins.tables().every((pte, n) => pte === tables[n]);
  const plain = unchanged && isPlain(twins, va, type);
  examine(twins, va, type);
  const mustEnter = plain && !twins.traces(walked).equals(before);
  twins.setTables(tables);
  if (walked.slow.misses === misses || !refill(twins, va, type, { resolved, mustEnter })) {
    expect(slow[type](refilled, va)).toBe(resolved);
    if (resolved === traps[type]) expect(trapOf(refilled)).toEqual(trapOf(walked));
  }
  expect(twins.traces(refilled).equals(twins.traces(walked))).toBe(true);
}

/** What an examination finds, if it finds anything, is what isa's walk finds. */
function examine({ core, walked }: Twins, va: bigint, type: AccessType): void {
  const host = walked.slow.examinePlain(va, type);
  if (host === 0) return;
  const { size, leaf, entries } = walked.slow.walked();
  const found = walked.slow.examine(va, type);
  if (found === undefined) {
    expect([size, host]).toEqual([0, core.bus.ram(Number(va), 1)]);
    return;
  }
  if (found.kind === 'fault') throw new Error('found where the walk finds nothing');
  const lowest = Math.log2(found.pageBytes);
  expect([size, host, leaf]).toEqual([lowest, core.bus.ram(Number(found.pa), 1), Number(found.pte & 0xffn)]);
  const hosts = found.levels.map(({ pteAddress }) => core.bus.ram(Number(pteAddress), 8)).reverse();
  const first = (lowest - 12) / 9;
  expect(Array.from({ length: hosts.length }, (_, n) => entries[first + n])).toEqual(hosts);
}

interface Expected {
  /** What the slow path gave. */
  readonly resolved: number;
  readonly mustEnter: boolean;
}

/** Whether it made an entry. */
function refill(twins: Twins, va: bigint, type: AccessType, { resolved, mustEnter }: Expected): boolean {
  const { refilled, refills } = twins;
  const tables = twins.tables();
  const before = twins.traces(refilled);
  const { misses } = refilled.slow;
  const host = refills[type](refilled.base, va) >>> 0;
  const entered = refilled.slow.misses > misses;
  expect(twins.tables()).toEqual(tables);
  if (!entered) {
    expect([host, mustEnter]).toEqual([0, false]);
    expect(twins.traces(refilled).equals(before)).toBe(true);
    return false;
  }
  twins.hits += 1;
  if (type === 'store' && host !== 0) expect(host - Number(va & 7n)).toBe(resolved >>> 0);
  if (type === 'fetch') expect(host - Number(va & 4095n)).toBe(resolved >>> 0);
  return true;
}

/** Whether a refill must do what `Mmu` did: nothing special about the entry, and code that an engine knows. */
function isPlain({ core, walked }: Twins, va: bigint, type: AccessType): boolean {
  const leaf = walked.slow.examine(va, type);
  if (leaf?.kind === 'fault' || (leaf !== undefined && leaf.pte >> 54n !== 0n)) return false;
  return type !== 'fetch' || core.code.has(core.bus.ram(Number(leaf?.pa ?? va), 1) >>> 12);
}

// States

const leafAt = (at: number): bigint => (BigInt(at) >> 2n) | V | R | W | X | A | D;
const or = (values: readonly bigint[]): bigint => values.reduce((a, b) => a | b, 0n);

const ordinary = [
  V | R | A | D,
  V | R | W | X | A | D,
  V | R | A | D | U,
  V | R | W | X | A | D | U,
  V | W | X | A | D,
  0n,
];
const bits = fc
  .tuple(fc.constantFrom(...ordinary), fc.subarray([V, R, W, X, U, G, A, D], { maxLength: 2 }))
  .map(([most, some]) => or([most, ...some]));
const frame = fc.oneof(
  fc.integer({ min: 4, max: 7 }).map((n) => ramBase + n * 4096),
  fc.constantFrom(ramBase, ramBase, ramBase + (2 << 20), smallBase, 0, spare, 0x1000_0000),
);
const high = fc.oneof(
  { arbitrary: fc.constant(0n), weight: 5 },
  fc.constantFrom(1n << 63n, 1n << 63n, 1n << 61n, 2n << 61n, 2n << 61n, 3n << 61n, 1n << 54n, 1n << 60n),
);
const leaf = fc.tuple(frame, bits, high).map(([at, low, top]) => ((BigInt(at) >> 12n) << 10n) | low | top);
const pointer = fc
  .tuple(
    fc.constantFrom(...tablePages, ...tablePages, ramBase + ramBytes),
    fc.constantFrom(V, V, V, V, V, V, V, V | A, V | U, V | W, V | G, 0n),
  )
  .map(([at, low]) => ((BigInt(at) >> 12n) << 10n) | low);
const entry = fc.oneof({ arbitrary: pointer, weight: 3 }, { arbitrary: leaf, weight: 3 });
const tables = fc.array(entry, { minLength: 16, maxLength: 16 });

/** Page numbers to try first on the way down (or a physical page), and how the address goes on from there. */
const places = fc.record({
  numbers: fc.array(fc.constantFrom(...indices), { minLength: 5, maxLength: 5 }),
  frame,
  offset: fc.constantFrom(0, 8, 0x7f8, 0xff8),
  signBit: fc.constantFrom(38, 38, 38, 47, 56, 63),
  guided: fc.constantFrom(true, true, true, false),
});
type Place = typeof places extends fc.Arbitrary<infer T> ? T : never;

/** An address for the present registers; a guided one goes where entries are valid. */
function addressOf(twins: Twins, { numbers, frame: page, offset, signBit, guided }: Place): bigint {
  const { refilled } = twins;
  const satp = refilled.csrs.get(Slot.satp);
  const levels = Number(satp >> 60n) - 5;
  if (levels < 3 || refilled.privilege === 3) return BigInt(page + offset);
  let table = Number(satp & 0xfff_ffff_ffffn) * 4096;
  const chosen = numbers.slice(5 - levels).map((first) => {
    const valid = (index: number): boolean =>
      tablePages.includes(table) && (twins.pte(table + 8 * index) & V) !== 0n;
    const index = guided && !valid(first) ? (indices.find(valid) ?? first) : first;
    const pte = valid(index) ? twins.pte(table + 8 * index) : 0n;
    table = (pte & (R | W | X)) === 0n ? Number((pte >> 10n) & 0xfff_ffff_ffffn) * 4096 : 0;
    return BigInt(index);
  });
  const low = (chosen.reduce((sum, n) => (sum << 9n) | n, 0n) << 12n) | BigInt(offset);
  return BigInt.asUintN(64, BigInt.asIntN(guided ? 12 + 9 * levels : signBit + 1, low));
}

const pmpSettings: readonly (readonly [cfg: bigint, ...addresses: bigint[]])[] = [
  [0x1fn, -1n], // everything open
  [0x1fn, -1n],
  [0x1fn, -1n],
  [0x1fn, -1n],
  [0n], // nothing
  [0x0f_18n, (0x8000_1000n >> 2n) | 0x1ffn, -1n], // the second table's page closed
  [0x0f_19n, (0x8010_0000n >> 2n) | 0x1ffffn, -1n], // a read-only megabyte
  [0x0f_08n, 0x8020_0804n >> 2n, -1n], // TOR: closed up to the middle of a page
  [0x1f_98n, (0x8008_0000n >> 2n) | 0x1ffn, -1n], // locked: M-mode too
  [0x1b_1dn, (0x8030_0000n >> 2n) | 0x1ffffn, -1n], // no execution but in one megabyte
].map(([cfg, ...addresses]) => [cfg!, ...addresses.map((a) => BigInt.asUintN(54, a))]);

const registers = fc.record({
  mode: fc.constantFrom(0n, 8n, 8n, 8n, 9n, 10n),
  root: fc.constantFrom(...tablePages, ...tablePages, ...tablePages, ramBase + ramBytes),
  asid: fc.constantFrom(0n, 1n),
  privilege: fc.constantFrom<Privilege>(0, 1, 1, 3),
  status: fc.subarray([Mstatus.SUM, Mstatus.MXR, Mstatus.MPRV, 1n << 11n]),
  environment: fc.subarray([Envcfg.ADUE, Envcfg.PBMTE]),
  pmp: fc.constantFrom(...pmpSettings),
});

type Registers = typeof registers extends fc.Arbitrary<infer T> ? T : never;

function setRegisters(
  hart: Hart,
  { mode, root, asid, privilege, status, environment, pmp }: Registers,
): void {
  hart.setCsr(Slot.satp, (mode << 60n) | (asid << 44n) | (BigInt(root) >> 12n));
  hart.setCsr(Slot.mstatus, or(status));
  hart.setCsr(Slot.menvcfg, or(environment));
  const [cfg, ...addresses] = pmp;
  hart.setCsr(slotOf('pmpcfg0'), cfg!);
  for (const [n, address] of addresses.entries()) hart.setCsr(slotOf(`pmpaddr${n}`), address);
  hart.privilege = privilege;
}

type Step =
  | { readonly kind: 'access'; readonly place: Place; readonly type: AccessType }
  | { readonly kind: 'registers'; readonly registers: Registers }
  | { readonly kind: 'fence'; readonly place: Place | undefined; readonly asid: number | undefined }
  | { readonly kind: 'pte'; readonly at: number; readonly pte: bigint }
  | { readonly kind: 'code'; readonly frame: number; readonly link: number }
  | { readonly kind: 'ram' };

const address = fc
  .constantFrom(...tablePages)
  .chain((table) => fc.constantFrom(...indices).map((n) => table + 8 * n));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('access' as const),
      place: places,
      type: fc.constantFrom<AccessType>('load', 'store', 'fetch'),
    }),
    weight: 16,
  },
  { arbitrary: fc.record({ kind: fc.constant('registers' as const), registers }), weight: 2 },
  {
    arbitrary: fc.record({
      kind: fc.constant('fence' as const),
      place: fc.option(places, { nil: undefined }),
      asid: fc.constantFrom(undefined, 0, 1),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant('pte' as const), at: address, pte: entry }), weight: 1 },
  {
    arbitrary: fc.record({ kind: fc.constant('code' as const), frame, link: fc.constantFrom(0, 0x1000) }),
    weight: 1,
  },
  { arbitrary: fc.record({ kind: fc.constant('ram' as const) }), weight: 1 },
);

function perform(twins: Twins, todo: Step): void {
  const { core } = twins;
  switch (todo.kind) {
    case 'access':
      access(twins, addressOf(twins, todo.place), todo.type);
      break;
    case 'registers':
      twins.each((hart) => {
        setRegisters(hart, todo.registers);
      });
      break;
    case 'fence': {
      const va = todo.place && addressOf(twins, todo.place);
      twins.each((hart) => {
        hart.flushTlb(va, todo.asid);
      });
      break;
    }
    case 'pte':
      twins.writePte(todo.at, todo.pte);
      break;
    case 'code': {
      const host = core.bus.ram(todo.frame, 4096);
      if (host >= 0 && todo.link !== 0) core.code.mark(host >>> 12, todo.link);
      break;
    }
    case 'ram':
      if (!core.bus.remove(spare)) core.bus.addRam(spare, smallBytes);
      twins.each((hart) => {
        hart.slow.reset();
      });
  }
}

const supervisor: Registers = {
  mode: 8n,
  root: ramBase,
  asid: 0n,
  privilege: 1,
  status: [],
  environment: [],
  pmp: pmpSettings[0]!,
};

describe('refills', () => {
  test('the module is valid and imports the memory alone', () => {
    const module = new WebAssembly.Module(refillModule({ initial: 1 }));
    expect(WebAssembly.Module.imports(module)).toEqual([
      { module: 'trapline', name: 'memory', kind: 'memory' },
    ]);
    expect(WebAssembly.validate(refillModule({ initial: 2, maximum: 2, shared: true }))).toBe(true);
  });

  const page = leafAt(ramBase + 0x4000);
  test.each<[string, bigint, AccessType]>([
    ['no valid entry', page & ~V, 'load'],
    ['not accessed', page & ~A, 'load'],
    ['a store to a clean page', page & ~D, 'store'],
    ['a store to a read-only page', page & ~W, 'store'],
    ['a user page', page | U, 'load'],
    ['writable but not readable', page & ~R, 'store'],
    ['Svnapot', page | (8n << 10n) | (1n << 63n), 'load'],
    ['a memory type', page | (1n << 61n), 'load'],
    ['another memory type', page | (2n << 61n), 'load'],
    ['a reserved bit', page | (1n << 54n), 'load'],
    ['no RAM', leafAt(0x1000_0000), 'load'],
    ['code that no engine knows', page, 'fetch'],
  ])('leave %s to the walk', (_, pte, type) => {
    const twins = new Twins();
    const [root, middle, leaves] = tablePages as [number, number, number];
    setRegisters(twins.refilled, { ...supervisor, root });
    twins.writePte(root, (BigInt(middle) >> 2n) | V);
    twins.writePte(middle, (BigInt(leaves) >> 2n) | V);
    twins.refilled.slow.refresh();
    const refillOf = (leaf: bigint): number => {
      twins.writePte(leaves, leaf);
      return twins.refills[type](twins.refilled.base, 8n);
    };
    expect(refillOf(pte)).toBe(0);
    const host = twins.core.bus.ram(ramBase + 0x4008, 1);
    if (type === 'fetch') twins.core.code.mark(host >>> 12, 0x1000);
    expect(refillOf(page)).toBe(host);
  });

  test('make the entries a walk makes, or none', { timeout: 120_000 }, () => {
    let hits = 0;
    let accesses = 0;
    const steps = fc.array(step, { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(tables, registers, steps, (ptes, start, todo) => {
        const twins = new Twins();
        twins.setTables(ptes);
        twins.each((hart) => {
          setRegisters(hart, start);
        });
        for (const each of todo) perform(twins, each);
        hits += twins.hits;
        accesses += todo.filter(({ kind }) => kind === 'access').length;
      }),
      { numRuns: 200 },
    );
    expect(hits).toBeGreaterThan(accesses / 10);
  });
});
