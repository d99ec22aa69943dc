import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AccessType,
  type PagedTranslation,
  translation,
  type Walked,
  type WalkMemory,
  walk,
} from '../src/index.ts';
import { TestState } from './privileged-fixture.ts';

const V = 1,
  R = 2,
  W = 4,
  X = 8,
  U = 16,
  G = 32,
  A = 64,
  D = 128;

/** Sparse memory of PTEs; addresses in `denied` are access faults, writes to `readOnly` too. */
class Tables implements WalkMemory {
  readonly ptes = new Map<bigint, bigint>();
  readonly denied = new Set<bigint>();
  readonly readOnly = new Set<bigint>();
  /** Called before an update, as another hart's store would come in. */
  race: ((pa: bigint) => void) | undefined;

  readPte = (pa: bigint): bigint | undefined => (this.denied.has(pa) ? undefined : (this.ptes.get(pa) ?? 0n));

  updatePte = (pa: bigint, from: bigint, to: bigint): boolean | undefined => {
    if (this.readOnly.has(pa)) return undefined;
    this.race?.(pa);
    this.race = undefined;
    if (this.ptes.get(pa) !== from) return false;
    this.ptes.set(pa, to);
    return true;
  };
}

const plain: PagedTranslation = {
  mode: 'paged',
  levels: 3,
  root: 0x8000_0000n,
  asid: 0,
  privilege: 1,
  sum: false,
  mxr: false,
  setsAccessed: false,
  memoryTypes: false,
};

const pte = (ppn: bigint, flags: number, high = 0n): bigint => (ppn << 10n) | BigInt(flags) | high;

/** A table chain to `va` whose entry at `level` is `leaf`; gives its address. */
function map(memory: Tables, t: PagedTranslation, va: bigint, level: number, leaf: bigint): bigint {
  let table = t.root;
  for (let i = t.levels - 1; ; i--) {
    const at = table + 8n * BigInt.asUintN(9, va >> BigInt(12 + 9 * i));
    if (i === level) {
      memory.ptes.set(at, leaf);
      return at;
    }
    const child = t.root + BigInt((t.levels - i) * 0x1000);
    memory.ptes.set(at, pte(child >> 12n, V));
    table = child;
  }
}

/** Sets bits in the pointer at `level` of a chain that `map` made. */
function spoilPointer(memory: Tables, t: PagedTranslation, va: bigint, level: number, bits: bigint): void {
  const above = t.levels - 1 - level;
  const table = t.root + BigInt(above * 0x1000);
  const at = table + 8n * BigInt.asUintN(9, va >> BigInt(12 + 9 * level));
  memory.ptes.set(at, (memory.ptes.get(at) ?? 0n) | bits);
}

const go = (memory: Tables, change: Partial<PagedTranslation>, va: bigint, access: AccessType): Walked =>
  walk({ translation: { ...plain, ...change }, va, access }, memory);

const pageFaults = { fetch: 12, load: 13, store: 15 } as const;
const accessFaults = { fetch: 1, load: 5, store: 7 } as const;
const kinds = ['fetch', 'load', 'store'] as const;
const ok = (walked: Walked): boolean => walked.kind === 'leaf';

describe('where a walk leads', () => {
  test.each([
    [3, 0],
    [3, 1],
    [3, 2],
    [4, 0],
    [4, 3],
    [5, 0],
    [5, 4],
  ] as const)('%i levels, leaf at level %i', (levels, level) => {
    const memory = new Tables();
    const va = 0x12_3456_789bn;
    const t = { ...plain, levels };
    const ppn = 0xabn << BigInt(9 * level);
    const entry = pte(ppn, V | R | W | X | A | D | G);
    const at = map(memory, t, va, level, entry);
    const walked = go(memory, { levels }, va, 'store');
    const offsetBits = BigInt(12 + 9 * level);
    expect(walked).toMatchObject({
      kind: 'leaf',
      pa: (ppn << 12n) | BigInt.asUintN(Number(offsetBits), va),
      pageBytes: 2 ** Number(offsetBits),
      pte: entry,
      pteAddress: at,
    });
    if (walked.kind === 'leaf') {
      expect(walked.levels).toHaveLength(levels - level);
      expect(walked.levels.at(-1)).toEqual({ pteAddress: at, pte: entry });
      expect(walked.levels.map((step) => memory.ptes.get(step.pteAddress))).toEqual(
        walked.levels.map((s) => s.pte),
      );
    }
  });

  test('the address must be canonical', () => {
    for (const levels of [3, 4, 5] as const) {
      const memory = new Tables();
      const top = 1n << BigInt(11 + 9 * levels);
      const high = BigInt.asUintN(64, -top);
      map(memory, { ...plain, levels }, high, levels - 1, pte(0n, V | R | X | W | A | D));
      expect(ok(go(memory, { levels }, high, 'load'))).toBe(true);
      for (const va of [top, high ^ (1n << 63n), BigInt.asUintN(64, high - 1n)])
        for (const access of kinds)
          expect(go(memory, { levels }, va, access)).toEqual({ kind: 'fault', cause: pageFaults[access] });
    }
  });

  test('the physical address has 56 bits', () => {
    const memory = new Tables();
    map(memory, plain, 0x5123n, 0, pte((1n << 44n) - 1n, V | R | A));
    expect(go(memory, {}, 0x5123n, 'load')).toMatchObject({ pa: 0xff_ffff_ffff_f123n });
  });

  test('a table that cannot be read is an access fault of the original kind, at every level', () => {
    for (const access of kinds)
      for (const level of [0, 1, 2]) {
        const memory = new Tables();
        memory.denied.add(map(memory, plain, 0x4000n, level, pte(0n, V | R | W | X | A | D)));
        expect(go(memory, {}, 0x4000n, access)).toEqual({ kind: 'fault', cause: accessFaults[access] });
      }
  });
});

describe('defects', () => {
  const va = 0x4_0020_3000n;
  const good = V | R | W | X | A | D;
  const faultsAll = (level: number, entry: bigint, change: Partial<PagedTranslation> = {}): void => {
    for (const access of kinds) {
      const memory = new Tables();
      map(memory, plain, va, level, entry);
      expect(go(memory, { setsAccessed: true, ...change }, va, access)).toEqual({
        kind: 'fault',
        cause: pageFaults[access],
      });
    }
  };

  /** A walk to a good leaf through a pointer at `level` with more bits set. */
  const throughPointer = (level: number, bits: bigint, access: AccessType): Walked => {
    const memory = new Tables();
    map(memory, plain, va, 0, pte(8n, good | U));
    spoilPointer(memory, plain, va, level, bits);
    return go(memory, { privilege: 0, memoryTypes: true }, va, access);
  };

  test('the well-formed entries these spoil are fine', () => {
    for (const access of kinds) {
      const memory = new Tables();
      map(memory, plain, va, 0, pte(8n, good));
      expect(ok(go(memory, {}, va, access))).toBe(true);
    }
  });

  test('not valid', () => faultsAll(0, pte(8n, good & ~V)));
  test('writable but not readable', () => {
    faultsAll(0, pte(8n, V | W | A | D));
    faultsAll(0, pte(8n, V | W | X | A | D));
  });
  test('a pointer at the last level', () => faultsAll(0, pte(8n, V)));
  test.each([54n, 55n, 56n, 57n, 58n, 59n, 60n])('reserved bit %i in a leaf', (bit) => {
    faultsAll(0, pte(8n, good, 1n << bit), { memoryTypes: true });
  });
  test.each([
    ['D', BigInt(D)],
    ['A', BigInt(A)],
    ['U', BigInt(U)],
    ['N', 1n << 63n],
    ['PBMT 1', 1n << 61n],
    ['PBMT 2', 2n << 61n],
    ...[54n, 55n, 56n, 57n, 58n, 59n, 60n].map((bit) => [`bit ${bit}`, 1n << bit] as const),
  ] as const)('pointer with %s', (_, bits) => {
    for (const level of [1, 2])
      for (const access of kinds) {
        const fault = { kind: 'fault', cause: pageFaults[access] };
        expect(throughPointer(level, bits, access)).toEqual(fault);
        // The same walk without the defect: only that bit was in the way.
        expect(ok(throughPointer(level, BigInt(G), access))).toBe(true);
      }
  });
  test('misaligned superpages', () => {
    for (let bit = 0n; bit < 18n; bit++) {
      if (bit < 9n) faultsAll(1, pte(1n << bit, good));
      faultsAll(2, pte(1n << bit, good));
    }
  });

  test('memory types: only with PBMTE, never 3', () => {
    for (const type of [1n, 2n, 3n]) {
      faultsAll(0, pte(8n, good, type << 61n));
    }
    faultsAll(0, pte(8n, good, 3n << 61n), { memoryTypes: true });
    for (const type of [1n, 2n]) {
      const memory = new Tables();
      map(memory, plain, va, 0, pte(8n, good, type << 61n));
      expect(go(memory, { memoryTypes: true }, va + 5n, 'load')).toMatchObject({
        pa: 0x8005n,
        pageBytes: 4096,
      });
    }
  });

  test('Svnapot: 64 KiB only, at the last level only', () => {
    const N = 1n << 63n;
    for (let low = 0n; low < 16n; low++) {
      const memory = new Tables();
      map(memory, plain, va + 0x8000n, 0, pte(0xab0n | low, good, N));
      const walked = go(memory, {}, va + 0x8123n, 'load');
      if (low === 8n) expect(walked).toMatchObject({ pa: 0xab_b123n, pageBytes: 65536 });
      else expect(walked).toEqual({ kind: 'fault', cause: 13 });
    }
    faultsAll(1, pte(8n << 9n, good, N));
    faultsAll(1, pte(8n, good, N));
  });
});

describe('permissions', () => {
  const allowed = (flags: number, change: Partial<PagedTranslation>): string =>
    kinds
      .filter((access) => {
        const memory = new Tables();
        map(memory, plain, 0x3000n, 0, pte(8n, flags | V | A | D));
        return ok(go(memory, change, 0x3000n, access));
      })
      .join(' ');

  test.each([
    [R, {}, 'load'],
    [X, {}, 'fetch'],
    [X, { mxr: true }, 'fetch load'],
    [R | X, {}, 'fetch load'],
    [R | W, {}, 'load store'],
    [R | W | X, {}, 'fetch load store'],
    [R | W | X | U, {}, ''],
    [R | W | X | U, { sum: true }, 'load store'],
    [X | U, { sum: true }, ''],
    [X | U, { sum: true, mxr: true }, 'load'],
    [R | W | X | U, { privilege: 0 }, 'fetch load store'],
    [X | U, { privilege: 0, mxr: true }, 'fetch load'],
    [R | W | X, { privilege: 0 }, ''],
    [R | W | X, { privilege: 0, sum: true, mxr: true }, ''],
  ] as const)('flags %i with %o: %s', (flags, change, wanted) => expect(allowed(flags, change)).toBe(wanted));
});

describe('A and D', () => {
  const va = 0x3000n;
  const at = (memory: Tables, flags: number): bigint => map(memory, plain, va, 0, pte(8n, flags));

  test.each([
    ['load', 0, A],
    ['fetch', 0, A],
    ['store', 0, A | D],
    ['store', A, A | D],
    ['load', A, A],
    ['load', A | D, A | D],
    ['load', D, A | D],
  ] as const)('%s over %i leaves %i', (access, before, after) => {
    const flags = V | R | W | X;
    const memory = new Tables();
    const address = at(memory, flags | before);
    const walked = go(memory, { setsAccessed: true }, va, access);
    expect(walked).toMatchObject({ kind: 'leaf', pte: pte(8n, flags | after), pteAddress: address });
    if (walked.kind === 'leaf') expect(walked.levels.at(-1)?.pte).toBe(walked.pte);
    expect(memory.ptes.get(address)).toBe(pte(8n, flags | after));

    const faulting = new Tables();
    const same = at(faulting, flags | before);
    const needsNothing = before === after;
    expect(ok(go(faulting, {}, va, access))).toBe(needsNothing);
    if (!needsNothing)
      expect(go(faulting, {}, va, access)).toEqual({ kind: 'fault', cause: pageFaults[access] });
    expect(faulting.ptes.get(same)).toBe(pte(8n, flags | before));
  });

  test('nothing is set when the access is not permitted', () => {
    const memory = new Tables();
    const address = at(memory, V | R);
    expect(ok(go(memory, { setsAccessed: true }, va, 'store'))).toBe(false);
    expect(memory.ptes.get(address)).toBe(pte(8n, V | R));
  });

  test('a table that cannot be written is an access fault', () => {
    for (const access of kinds) {
      const memory = new Tables();
      memory.readOnly.add(at(memory, V | R | W | X));
      expect(go(memory, { setsAccessed: true }, va, access)).toEqual({
        kind: 'fault',
        cause: accessFaults[access],
      });
    }
  });

  test('an entry that changed meanwhile is looked at again', () => {
    const memory = new Tables();
    const address = at(memory, V | R | W);
    memory.race = () => memory.ptes.set(address, pte(9n, V | R | W));
    expect(go(memory, { setsAccessed: true }, va, 'store')).toMatchObject({ pa: 0x9000n });
    memory.ptes.set(address, pte(8n, V | R | W));
    memory.race = () => memory.ptes.set(address, 0n);
    expect(go(memory, { setsAccessed: true }, va, 'store')).toEqual({ kind: 'fault', cause: 15 });
  });
});

/**
 * The translation process of the specification again, step by step as written there, on strings of bits and recursion instead
 * of masks and a loop. Gives 'page', or [physical address, the leaf's new flag bits].
 */
function reference(memory: Tables, t: PagedTranslation, va: bigint, access: AccessType): string {
  const address = va.toString(2).padStart(64, '0');
  const used = 12 + 9 * t.levels;
  if (new Set(address.slice(0, 64 - used + 1)).size !== 1) return 'page';
  const vpn = (i: number): string => address.slice(64 - 12 - 9 * (i + 1), 64 - 12 - 9 * i);
  const step = (table: bigint, i: number): string => {
    const where = table + BigInt(parseInt(vpn(i), 2)) * 8n;
    const bits = (memory.ptes.get(where) ?? 0n).toString(2).padStart(64, '0');
    const flag = (name: string): boolean => bits[63 - 'VRWXUGAD'.indexOf(name)] === '1';
    const [n, pbmt, reserved, ppn] = [bits[0], bits.slice(1, 3), bits.slice(3, 10), bits.slice(10, 54)];
    if (!flag('V') || (!flag('R') && flag('W')) || reserved.includes('1')) return 'page';
    if (pbmt === '11' || (pbmt !== '00' && !t.memoryTypes)) return 'page';
    if (!flag('R') && !flag('X')) {
      const clean = n === '0' && pbmt === '00' && !flag('A') && !flag('D') && !flag('U');
      return clean && i > 0 ? step(BigInt(`0b${ppn}`) << 12n, i - 1) : 'page';
    }
    if (t.privilege === 0 && !flag('U')) return 'page';
    if (t.privilege === 1 && flag('U') && !(t.sum && access !== 'fetch')) return 'page';
    if (access === 'fetch' && !flag('X')) return 'page';
    if (access === 'store' && !flag('W')) return 'page';
    if (access === 'load' && !flag('R') && !(flag('X') && t.mxr)) return 'page';
    if (i > 0 && ppn.slice(44 - 9 * i).includes('1')) return 'page';
    if (n === '1' && (i > 0 || ppn.slice(40) !== '1000')) return 'page';
    const wantsUpdate = !flag('A') || (access === 'store' && !flag('D'));
    if (wantsUpdate && !t.setsAccessed) return 'page';
    const kept = n === '1' ? 16 : 12 + 9 * i;
    return `0b${ppn}${'0'.repeat(12)}`.slice(0, 2 + 56 - kept) + address.slice(64 - kept);
  };
  return step(t.root, t.levels - 1);
}

test('random tables walk as the specification reads', () => {
  /** Mostly good, with one thing wrong now and then. */
  const flags = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(V | R | W | X, V | R | W | X | A | D, V | R | W | X | U | A | D),
    },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  const high = fc.oneof(
    { weight: 8, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.bigInt(0n, 1023n).map((b) => b << 54n) },
    { weight: 1, arbitrary: fc.constantFrom(1n << 63n, 1n << 61n, 2n << 61n) },
  );
  const low = fc.constantFrom(0n, 8n, 1n, 0x200n, 0x8_0000n, 0x40_0000_0000n, 0x1234n << 9n);
  const va = fc.oneof(
    { weight: 6, arbitrary: fc.bigInt(0n, (1n << 38n) - 1n) },
    { weight: 1, arbitrary: fc.bigInt(0n, (1n << 64n) - 1n) },
    { weight: 1, arbitrary: fc.bigInt(0n, (1n << 56n) - 1n).map((n) => BigInt.asUintN(64, ~n)) },
  );
  const change = fc.record({
    privilege: fc.constantFrom<0 | 1>(0, 1),
    sum: fc.boolean(),
    mxr: fc.boolean(),
    setsAccessed: fc.boolean(),
    memoryTypes: fc.boolean(),
    levels: fc.constantFrom<3 | 4 | 5>(3, 4, 5),
  });
  const spoil = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.nat(63).map((bit) => 1n << BigInt(bit)) },
  );
  let leaves = 0;
  fc.assert(
    fc.property(
      flags,
      high,
      low,
      va,
      change,
      fc.nat(4),
      fc.constantFrom(...kinds),
      spoil,
      (f, h, ppn, address, rest, level, access, bits) => {
        const t: PagedTranslation = { ...plain, ...rest };
        const memory = new Tables();
        const leafLevel = Math.min(level, t.levels - 1);
        map(memory, t, address, leafLevel, pte(ppn, f, h));
        if (leafLevel < t.levels - 1) spoilPointer(memory, t, address, leafLevel + 1, bits);
        const wanted = reference(memory, t, address, access);
        const got = walk({ translation: t, va: address, access }, memory);
        if (got.kind === 'leaf') leaves++;
        expect(got.kind === 'leaf' ? got.pa : 'page').toBe(wanted === 'page' ? 'page' : BigInt(wanted));
        if (got.kind === 'fault') expect(got.cause).toBe(pageFaults[access]);
      },
    ),
    { numRuns: 5000 },
  );
  expect(leaves).toBeGreaterThan(200);
});

describe('translation', () => {
  const sv39 = (8n << 60n) | (7n << 44n) | 0x80001n;

  test('bare: M-mode, or satp off; with the privilege PMP needs', () => {
    const state = new TestState(3).set({ satp: sv39 });
    expect(translation(state, 'fetch')).toEqual({ mode: 'bare', privilege: 3 });
    expect(translation(state, 'load')).toEqual({ mode: 'bare', privilege: 3 });
    expect(translation(new TestState(0), 'store')).toEqual({ mode: 'bare', privilege: 0 });
    expect(translation(new TestState(1), 'store')).toEqual({ mode: 'bare', privilege: 1 });
  });

  test.each([
    [8n, 3],
    [9n, 4],
    [10n, 5],
  ] as const)('mode %i has %i levels, and everything the walk needs', (mode, levels) => {
    const satp = (mode << 60n) | (0xfffen << 44n) | 0xabc_def0_1234n;
    const state = new TestState(1).set({ satp, mstatus: 0n, menvcfg: 0n });
    const off = {
      mode: 'paged',
      levels,
      root: 0xabc_def0_1234_000n,
      asid: 0xfffe,
      privilege: 1,
      sum: false,
      mxr: false,
      setsAccessed: false,
      memoryTypes: false,
    };
    expect(translation(state, 'load')).toEqual(off);
    state.set({ mstatus: 1n << 18n });
    expect(translation(state, 'load')).toEqual({ ...off, sum: true });
    state.set({ mstatus: 1n << 19n, menvcfg: 1n << 61n });
    expect(translation(state, 'load')).toEqual({ ...off, mxr: true, setsAccessed: true });
    state.set({ mstatus: 0n, menvcfg: 1n << 62n });
    expect(translation(state, 'fetch')).toEqual({ ...off, memoryTypes: true });
  });

  test('MPRV moves loads and stores to the mode of MPP, fetches stay', () => {
    for (const mpp of [0, 1, 3] as const) {
      const state = new TestState(3).set({ satp: sv39, mstatus: (1n << 17n) | (BigInt(mpp) << 11n) });
      expect(translation(state, 'fetch')).toEqual({ mode: 'bare', privilege: 3 });
      for (const access of ['load', 'store'] as const)
        expect(translation(state, access)).toMatchObject({
          mode: mpp === 3 ? 'bare' : 'paged',
          privilege: mpp,
        });
    }
  });
});
