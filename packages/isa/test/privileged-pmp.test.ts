import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AccessType, type Privilege, pmpCheck, pmpPage } from '../src/index.ts';
import { TestState } from './privileged-fixture.ts';

interface Entry {
  readonly config: number;
  readonly address: bigint;
}

/** Entries whose regions fall in a few pages, so that they overlap and cut pages. */
const small = fc.bigInt(0n, 0x1000n);
const napot = fc.tuple(small, fc.integer({ min: 0, max: 11 })).map(([base, ones]) => {
  const low = (1n << BigInt(ones)) - 1n;
  return (base & ~(low * 2n + 1n)) | low;
});
const entry: fc.Arbitrary<Entry> = fc.record({
  config: fc.integer({ min: 0, max: 255 }).map((c) => c & 0x9f),
  address: fc.oneof(small, napot, fc.constantFrom(0n, (1n << 54n) - 1n, (1n << 53n) - 1n)),
});
const entries = fc.array(entry, { minLength: 0, maxLength: 16 });
const access = fc.constantFrom<AccessType>('fetch', 'load', 'store');
const privilege = fc.constantFrom<Privilege>(0, 1, 3);

/** Addresses first: a locked entry would refuse its own. */
function program(list: readonly Entry[]): TestState {
  const state = new TestState();
  for (const [i, e] of list.entries()) state.set({ [`pmpaddr${i}`]: e.address });
  for (const register of [0, 1]) {
    const bytes = list.slice(register * 8, register * 8 + 8);
    state.set({
      [`pmpcfg${register * 2}`]: bytes.reduce((sum, e, i) => sum | (BigInt(e.config) << BigInt(8 * i)), 0n),
    });
  }
  return state;
}

/** Whether entry i matches the byte at `at`, straight from the specification's table of A encodings. */
function matches(list: readonly Entry[], i: number, at: bigint): boolean {
  const { config, address } = list[i] as Entry;
  const word = at >> 2n;
  switch ((config >> 3) & 3) {
    case 1:
      return word >= (i === 0 ? 0n : (list[i - 1] as Entry).address) && word < address;
    case 2:
      return word === address;
    case 3: {
      // yyy...01..1: compare what is above the lowest zero.
      let ignored = 1n;
      for (let a = address; a & 1n; a >>= 1n) ignored++;
      return word >> ignored === address >> ignored;
    }
    default:
      return false;
  }
}

/** Byte by byte: the lowest-numbered entry that matches any byte must match all. */
function reference(
  list: readonly Entry[],
  pa: bigint,
  bytes: number,
  kind: AccessType,
  mode: Privilege,
): boolean {
  const all = Array.from({ length: bytes }, (_, i) => pa + BigInt(i));
  for (let i = 0; i < list.length; i++) {
    const matched = all.filter((at) => matches(list, i, at)).length;
    if (matched === 0) continue;
    if (matched < bytes) return false;
    const { config } = list[i] as Entry;
    if (mode === 3 && !(config & 0x80)) return true;
    const [r, w, x] = [config & 1, config & 2 && config & 1, config & 4];
    return Boolean({ load: r, store: w, fetch: x }[kind]);
  }
  return mode === 3;
}

const address = fc.bigInt(0n, 0x4100n);
const size = fc.constantFrom(1, 2, 4, 8, 64);

describe('pmpCheck', () => {
  test('agrees with a byte-by-byte reading of the specification', () => {
    fc.assert(
      fc.property(
        entries,
        fc.array(fc.tuple(address, size, access, privilege), { minLength: 8, maxLength: 8 }),
        (list, probes) => {
          const { csrs } = program(list);
          for (const [pa, bytes, kind, mode] of probes)
            expect(pmpCheck(csrs, pa, bytes, kind, mode)).toBe(reference(list, pa, bytes, kind, mode));
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('out of reset M-mode may everything, S- and U-mode nothing', () => {
    const { csrs } = new TestState();
    for (const kind of ['fetch', 'load', 'store'] as const)
      expect(([0, 1, 3] as const).map((mode) => pmpCheck(csrs, 0x8000_0000n, 4, kind, mode))).toEqual([
        false,
        false,
        true,
      ]);
  });

  test('an all-ones NAPOT entry covers the whole physical space, as does TOR to the top', () => {
    for (const [config, address] of [
      [0x1f, (1n << 54n) - 1n],
      [0x0f, (1n << 54n) - 1n],
    ] as const) {
      const { csrs } = program([{ config, address }]);
      for (const pa of [0n, 0x8000_0000n, (1n << 56n) - 16n])
        expect(pmpCheck(csrs, pa, 8, 'store', 0)).toBe(true);
    }
  });

  test('a match of a part of the access fails even for M-mode and an unlocked entry', () => {
    const { csrs } = program([{ config: 0x17, address: 0x1000n >> 2n }]);
    expect(pmpCheck(csrs, 0x1000n, 4, 'load', 3)).toBe(true);
    expect(pmpCheck(csrs, 0x0ffen, 4, 'load', 3)).toBe(false);
    expect(pmpCheck(csrs, 0x1002n, 4, 'load', 3)).toBe(false);
  });
});

describe('pmpPage', () => {
  test('allow and deny hold for every access in the page; mixed only where an entry cuts it', () => {
    fc.assert(
      fc.property(
        entries,
        fc.bigInt(0n, 4n),
        access,
        privilege,
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4088 }), fc.constantFrom(1, 2, 4, 8)), {
          minLength: 6,
          maxLength: 6,
        }),
        (list, n, kind, mode, probes) => {
          const { csrs } = program(list);
          const page = n * 4096n;
          const whole = pmpPage(csrs, page, kind, mode);
          const corners: [number, number][] = [
            [0, 8],
            [4088, 8],
            [0, 1],
            [4095, 1],
          ];
          for (const [offset, bytes] of [...corners, ...probes]) {
            const one = reference(list, page + BigInt(offset), bytes, kind, mode);
            if (whole !== 'mixed') expect(one).toBe(whole === 'allow');
          }
          // Every word's first matching entry: in a page that is not cut, it is the same one (or none) throughout.
          const first = (at: bigint): number => list.findIndex((_, i) => matches(list, i, at));
          const firsts = new Set(Array.from({ length: 1024 }, (_, i) => first(page + BigInt(4 * i))));
          expect(whole === 'mixed').toBe(firsts.size > 1);
        },
      ),
      { numRuns: 150 },
    );
  });
});
