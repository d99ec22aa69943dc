import { assemble, decode, S, Slot, slotOf, Touched } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from '../src/translator/graph.ts';
import { SharedPages } from '../src/translator/shared-pages.ts';
import { structured } from '../src/translator/structure.ts';
import type { PlacedAccess } from '../src/translator/sums.ts';
import type { Local, Statement } from '../src/wasm/term.ts';
import {
  codeBase,
  outcome,
  poke,
  prepare,
  ramBase,
  ramDigest,
  type Start,
  type Subject,
  subject,
} from './engine-twins.ts';
import { A, all, leaf, R, V } from './paging.ts';

// Programs whose loads and stores are mostly a constant apart, near the ends of pages: what the translator looks up once for several
// accesses is where the reference evaluator looks for each of them, and every trap is where it belongs.

const reference = subject('reference');

// x5..x15 are data, x20..x23 and x2 point at it and move, x19 points at pointers, x24 and x25 keep pointers in eight pages; x30 and
// x31 are the skeleton's own, x18 keeps a return address.

const oneOf = fc.constantFrom;
const data = fc.integer({ min: 5, max: 15 });
const pointer = oneOf('x20', 'x20', 'x21', 'x22', 'x23', 'x2');
const access = oneOf(
  'lb',
  'lbu',
  'lh',
  'lhu',
  'lw',
  'lwu',
  'ld',
  'ld',
  'sb',
  'sh',
  'sw',
  'sd',
  'sd',
  'fld',
  'fsd',
  'flw',
  'fsw',
);
const register = (name: string, n: number): string => (name.startsWith('f') ? `f${n}` : `x${n}`);
const atOffset = (op: string, n: number, offset: number, base: string): string =>
  `${op} ${register(op, n)}, ${offset}(${base})`;

/** Accesses near each other, by one pointer. */
const cluster = fc
  .record({
    base: pointer,
    around: fc.integer({ min: -250, max: 250 }),
    each: fc.array(fc.tuple(access, data, fc.integer({ min: -50, max: 50 }), fc.boolean()), {
      minLength: 1,
      maxLength: 5,
    }),
  })
  .map(({ base, around, each }) =>
    each
      .map(([op, n, by, aligned]) => atOffset(op, n, aligned ? (around + by) & -8 : around + by, base))
      .join('\n'),
  );
const kept = (register: string): string =>
  `and ${register}, ${register}, x24\nor ${register}, ${register}, x25`;
const step = oneOf(-64, -24, -8, -1, 1, 8, 16, 40, 64);

const line = fc.oneof(
  { weight: 10, arbitrary: cluster },
  { weight: 4, arbitrary: fc.tuple(pointer, step).map(([r, n]) => `addi ${r}, ${r}, ${n}`) },
  { weight: 1, arbitrary: fc.tuple(pointer, pointer).map(([to, from]) => `mv ${to}, ${from}`) },
  { weight: 1, arbitrary: fc.tuple(pointer, pointer, step).map(([to, from, n]) => `addi ${to}, ${from}, ${n}`) },
  { weight: 1, arbitrary: fc.tuple(pointer, fc.nat(7)).map(([r, n]) => `ld ${r}, ${8 * n}(x19)`) },
  { weight: 1, arbitrary: fc.tuple(pointer, step).map(([r, n]) => `ld ${r}, ${n}(${r})\n${kept(r)}`) },
  { weight: 3, arbitrary: pointer.map(kept) },
  { weight: 1, arbitrary: fc.tuple(data, step, fc.nat(200)).map(([n, a, b]) => `auipc x23, 1\n${atOffset('ld', n, a, 'x23')}\n${atOffset('lw', n, b, 'x23')}`) },
  { weight: 1, arbitrary: fc.tuple(access, data, step, fc.nat(100)).map(([op, n, a, b]) => `${atOffset(op, n, a, 'x0')}\n${atOffset('lb', n, b, 'x0')}`) },
  { weight: 1, arbitrary: fc.tuple(oneOf('amoadd.d', 'amoswap.w'), data, data, pointer).map(([op, d, a, r]) => `${op} x${d}, x${a}, (${r})`) },
  { weight: 2, arbitrary: fc.tuple(oneOf('add', 'xor', 'sub'), data, data, data).map(([op, d, a, b]) => `${op} x${d}, x${a}, x${b}`) },
); // biome-ignore format: a table

const lines = fc.array(line, { maxLength: 4 }).map((each) => each.join('\n'));

const blocks = 7;
/** Into a block at its start or in its middle. */
const target = fc.tuple(oneOf('block', 'middle'), fc.nat(blocks - 1)).map(([at, n]) => `${at}${n}`);
const ending = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(oneOf('beqz', 'bnez'), oneOf(1, 3, 7, 16), target).map(([op, bits, to]) => `andi x30, x31, ${bits}\n${op} x30, ${to}`) },
  { weight: 2, arbitrary: fc.tuple(oneOf('blt', 'bgeu'), data, data, target).map(([op, a, b, to]) => `${op} x${a}, x${b}, ${to}`) },
  { weight: 1, arbitrary: target.map((to) => `j ${to}`) },
  { weight: 2, arbitrary: oneOf('call inner', 'call outer') },
  { weight: 1, arbitrary: fc.constant('') },
); // biome-ignore format: a table

/** The lines of a function with a stack frame: with the base of its accesses. */
const framed = (bytes: number, text: string): string => `
  addi x2, x2, -${bytes}
  sd x8, ${bytes - 8}(x2)
  sw x9, ${bytes - 12}(x2)
  ${text}
  ld x8, ${bytes - 8}(x2)
  lw x9, ${bytes - 12}(x2)
  addi x2, x2, ${bytes}
  ret`;

const programs = fc
  .record({
    blocks: fc.array(fc.tuple(lines, lines, ending), { minLength: blocks, maxLength: blocks }),
    back: target,
    inner: lines,
    outer: fc.tuple(lines, lines),
    frames: fc.tuple(oneOf(16, 48, 160), oneOf(32, 96)),
    fuel: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 100, max: 600 })),
  })
  .map(({ blocks, back, inner, outer, frames, fuel }) => {
    const text = blocks.map(
      ([first, second, end], n) =>
        `block${n}:\naddi x31, x31, -1\nbltz x31, done\n${first}\nmiddle${n}:\n${second}\n${end}`,
    );
    return `
      li x31, ${fuel}
      j block0
    inner:
      ${framed(frames[0], inner)}
    outer:
      mv x18, x1
      ${outer[0]}
      call inner
      mv x1, x18
      ${framed(frames[1], outer[1])}
    ${text.join('\n')}
      addi x31, x31, -1
      bltz x31, done
      j ${back}
    done:
      ebreak`;
  });

// Where programs run

/** Eight pages that pointers stay in, and one before them. */
const [before, pages] = [-1, 8];
/** In the middle of a page, whose ends are data; programs are no longer than what is left of it. */
const entry = codeBase + 0x500n;
const slots = ramBase + 0x3000n;
const tables = { root: ramBase, middle: ramBase + 0x1000n, leaves: ramBase + 0x2000n };
const codeFrame = 4;
const firstFrame = 5;
const frames = 11;

const frame = fc.integer({ min: firstFrame, max: firstFrame + frames - 1 });
/** A virtual page: a page of RAM and rights, or the page of RAM behind that of the virtual page before; or none. */
type Mapping = { readonly frame: number; readonly bits: bigint } | 'next' | undefined;
const mapping: fc.Arbitrary<Mapping> = fc.oneof(
  { weight: 8, arbitrary: frame.map((each) => ({ frame: each, bits: all })) },
  { weight: 3, arbitrary: fc.constant('next' as const) },
  { weight: 2, arbitrary: fc.constant({ frame: codeFrame, bits: all }) },
  { weight: 1, arbitrary: frame.map((each) => ({ frame: each, bits: V | R | A })) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

/** Sv39: the pages' mappings, from the one before on. Undefined: bare. */
type Space = readonly Mapping[] | undefined;
const spaces = fc.array(mapping, { minLength: pages - before, maxLength: pages - before });

function leaves(space: readonly Mapping[]): Map<number, bigint> {
  const found = new Map<number, bigint>();
  let last = firstFrame;
  space.forEach((each, at) => {
    if (each === undefined) return;
    const { frame, bits } = each === 'next' ? { frame: last + 1, bits: all } : each;
    last = firstFrame + ((frame - firstFrame + frames) % frames);
    const used = frame === codeFrame ? frame : last;
    found.set((at + before) & 511, leaf(Number(ramBase) + used * 4096, bits));
  });
  return found;
}

const write = (each: Subject, address: bigint, value: bigint): void =>
  poke(each, address, new Uint8Array(new BigUint64Array([value]).buffer));

/**
 * RAM at its own addresses; the pages at 0 and at 0x4000_0000, so that there is one before the first; the tables below the root
 * are the same everywhere.
 */
function map(each: Subject, space: readonly Mapping[]): void {
  const { hart } = each;
  const pointer = (table: bigint): bigint => leaf(Number(table), V);
  for (let at = 0n; at < 3n; at++) poke(each, ramBase + at * 4096n, new Uint8Array(4096));
  for (const at of [0n, 1n, 511n]) write(each, tables.root + 8n * at, pointer(tables.middle));
  write(each, tables.root + 16n, leaf(Number(ramBase), all));
  for (const at of [0n, 511n]) write(each, tables.middle + 8n * at, pointer(tables.leaves));
  for (const [n, pte] of leaves(space)) write(each, tables.leaves + 8n * BigInt(n), pte);
  hart.csrs.set(slotOf('pmpaddr0'), (1n << 54n) - 1n);
  hart.csrs.set(slotOf('pmpcfg0'), 0x1fn);
  hart.changed(Touched.pmp);
  hart.privilege = S;
  hart.setCsr(Slot.satp, (8n << 60n) | (tables.root >> 12n));
  hart.flushTlb();
}

/** A program and where it runs. */
interface Case {
  readonly code: Uint8Array;
  readonly source: string;
  readonly space: Space;
  /** Where the program is put, and where it starts, if not both at `entry`. */
  readonly at?: bigint;
  readonly entry?: bigint;
  readonly x: readonly bigint[];
  /** What is at x19. */
  readonly pointers: readonly bigint[];
}

const assembled = (source: string): Uint8Array => assemble(source, { base: Number(entry) }).bytes;

const bareBase = ramBase + 0x8000n;

const near = fc
  .tuple(fc.integer({ min: 0, max: pages }), fc.integer({ min: -300, max: 300 }))
  .map(([page, by]) => BigInt(page * 4096 + by));

const cases = (space: fc.Arbitrary<Space>, base: fc.Arbitrary<bigint>): fc.Arbitrary<Case> =>
  fc
    .record({
      source: programs,
      space,
      base,
      values: fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { minLength: 32, maxLength: 32 }),
      near: fc.array(near, { minLength: 13, maxLength: 13 }),
    })
    .map(({ source, space, base, values, near }) => {
      const at = near.map((each) => BigInt.asUintN(64, base + each));
      const x = [0n, ...values.slice(1)];
      const own = new Map([19, 24, 25].map((n, at) => [n, [slots, 0x7fffn, base][at]!]));
      [2, 20, 21, 22, 23].forEach((n, each) => {
        own.set(n, at[each]!);
      });
      return {
        source,
        code: assembled(source),
        space,
        x: x.map((value, n) => own.get(n) ?? value),
        pointers: at.slice(5),
      };
    });

const bare = cases(fc.constant(undefined), fc.constant(bareBase));
const paged = cases(spaces, oneOf(0x4000_0000n, 0x4000_0000n, 0n));

/** Traps after which a program is given up. */
const mostTraps = 20;
const breakpoint = 3;
const fetching = [0, 1, 12];

/** All that can be seen of a hart. */
const seen = (each: Subject) => ({
  ...outcome(each, { kind: 'budget' }),
  used: 0,
  data: '',
  memory: ramDigest(each),
});

/** What a program did: every trap, as things stood then, and the end. Instructions that trap are passed over. */
function run(
  each: Subject,
  { code, space, at = entry, entry: pc = at, x, pointers }: Case,
  budgets: Iterable<number>,
): unknown[] {
  const { hart } = each;
  const start: Start = {
    x,
    f: x,
    fcsr: 1,
    floatState: 3,
    pc: at,
    code: [],
    bytes: code,
  };
  prepare(each, start);
  pointers.forEach((pointer, n) => {
    write(each, slots + BigInt(8 * n), pointer);
  });
  hart.pc = pc;
  if (space) map(each, space);
  const story: unknown[] = [];
  for (const budget of budgets) {
    for (let left = budget; left > 0; left -= hart.used) {
      const exit = hart.run(left);
      if (exit.kind !== 'trap') continue;
      const { cause } = exit.trap;
      story.push({ ...exit.trap, ...seen(each) });
      if (cause === breakpoint || fetching.includes(cause) || story.length === mostTraps) return story;
      const at = Number(hart.pc - ramBase);
      hart.pc += (each.ram[at]! & 3) === 3 ? 4n : 2n;
    }
  }
  return [...story, seen(each)];
}

/** A budget in pieces of these sizes, again and again. */
function* inPieces(budget: number, sizes: readonly number[]): Generator<number> {
  for (let [left, n] = [budget, 0]; left > 0; n++) {
    const size = Math.min(left, sizes[n % sizes.length]!);
    yield size;
    left -= size;
  }
}

const runs = fc.record({
  /** Arrivals that make a place hot: with few of them there are regions that start anywhere. */
  threshold: oneOf(1, 4, 12),
  whole: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant(20_000)),
  pieces: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
});

describe.each([
  ['in RAM', bare, 60],
  ['in pages that are mapped at random', paged, 120],
] as const)('programs %s', (_name, some, numRuns) => {
  test('do what the reference says, whatever the budget is cut into', () => {
    fc.assert(
      fc.property(some, runs, (each, { threshold, whole, pieces }) => {
        // What is known of one program's pages of code is not known of the next one's.
        const translator = subject('translator', { translator: { threshold, batch: 1, unseen: true } });
        const expected = run(reference, each, [whole]);
        expect(run(translator, each, [whole])).toEqual(expected);
        expect(run(translator, each, inPieces(whole, pieces))).toEqual(expected);
      }),
      { numRuns },
    );
  });
});

// Cases by name

const named = (source: string, x: Readonly<Record<number, bigint>>, space: Space, at = entry): Case => ({
  source,
  code: assemble(source, { base: Number(at) }).bytes,
  space,
  x: Array.from({ length: 32 }, (_, n) => x[n] ?? 0n),
  pointers: [],
});

const rw = (frame: number): Mapping => ({ frame, bits: all });
const [first, second] = [0x4000_0000n, 0x4000_1000n];
/** Two pages, in RAM one behind the other or not. */
const [together, apart] = [
  [undefined, rw(7), 'next', undefined],
  [undefined, rw(7), rw(5), undefined],
] as const;

describe('a frame of 25 bytes that walks over the end of a page, byte by byte', () => {
  /** So many of its places are in both pages. */
  const crossing = 24;
  const places = 128;
  const walk = (rounds: number, space: Space): Case =>
    named(
      `again:
        andi x20, x31, ${places - 1}
        sub x20, x26, x20
        ld x5, 0(x20)
        add x6, x6, x5
        sd x6, 8(x20)
        ld x7, 16(x20)
        sb x7, 24(x20)
        addi x31, x31, -1
        bnez x31, again
        ebreak`,
      { 26: second + 64n, 31: BigInt(rounds) },
      space,
    );
  /** After so many of the rounds the loop is hot; nothing else is. */
  const walked = (rounds: number, threshold: number, space: Space) => {
    const translator = subject('translator', { translator: { threshold, batch: 1 } });
    const { apart } = translator.hart.views;
    const each = walk(rounds, space);
    expect(run(translator, each, [1 << 20])).toEqual(run(reference, each, [1 << 20]));
    return { ...translator.core.engine.stats!(), apart: apart[0]! };
  };

  test('leaves its region wherever it is in two pages that are apart in RAM, and only there', () => {
    expect(walked(2 * places, 100, apart)).toMatchObject({ apart: crossing, translations: 1 });
    expect(walked(2 * places, 100, together)).toMatchObject({ apart: 0, translations: 1 });
  });

  test('is translated once more when that is often, and then stays', () => {
    const rounds = 40 * places;
    expect(walked(rounds, 1000, together)).toMatchObject({ apart: 0, translations: 1 });
    const often = walked(rounds, 1000, apart);
    // It is the second report that makes it so.
    expect(often).toMatchObject({ apart: 128, translations: 2 });
    // All rounds but those with accesses that are in both pages themselves.
    expect(often.translated).toBeGreaterThan(9 * 0.75 * (rounds - 1000));
  });
});

describe('two pages that one look may not take for one', () => {
  const same = (each: Case, budget = 10_000): readonly unknown[] => {
    const expected = run(reference, each, [budget]);
    expect(run(subject('translator'), each, [budget])).toEqual(expected);
    return expected;
  };

  test('the last and the first of the address space', () => {
    const source = `again:
      mv x20, x21
      ld x5, 0(x20)
      ld x8, 8(x20)
      mv x20, x22
      ld x6, -8(x20)
      ld x7, 8(x20)
      addi x31, x31, -1
      bnez x31, again
      ebreak`;
    const story = same(named(source, { 21: 64n, 22: 0n, 31: 10n }, [undefined, rw(7)]));
    const traps = story.filter((each) => (each as { cause: number }).cause === 13);
    expect(traps).toHaveLength(10);
    expect(traps[0]).toMatchObject({ tval: (1n << 64n) - 8n });
  });

  test.each([
    ['that is not mapped', undefined],
    ['that is read-only', { frame: 8, bits: V | R | A }],
    ['that is elsewhere', rw(5)],
  ] as const)('a page and one %s', (_name, next) => {
    const source = `again:
      ld x5, -16(x20)
      sd x31, -8(x20)
      sd x31, 8(x20)
      ld x6, 0(x20)
      add x7, x7, x6
      addi x31, x31, -1
      bnez x31, again
      ebreak`;
    same(named(source, { 20: second, 31: 300n }, [undefined, rw(7), next]));
  });

  test.each([
    ['read-only', [undefined, { frame: 8, bits: V | R | A }]],
    ['of code', [undefined, { frame: codeFrame, bits: all }]],
  ] as const)('a page to load from and one to store to, as it is %s', (_name, space) => {
    const source = `again:
      ld x5, 0(x20)
      andi x30, x31, 1
      beqz x30, even
      sd x31, 8(x20)
    even:
      ld x6, 8(x20)
      ld x7, 16(x20)
      add x8, x8, x6
      addi x31, x31, -1
      bnez x31, again
      ebreak`;
    same(named(source, { 20: first, 31: 30n }, space));
  });

  // The function is at the start of its page, where the frame ends.
  test('a page and one with code, behind it in RAM', () => {
    const source = `function:
      addi x10, x0, 0
      ret
    entry:
      slli x6, x31, 20
      add x6, x6, x9
      sd x6, -16(x20)
      sw x6, 0(x20)
      sd x6, -8(x20)
      call function
      add x11, x11, x10
      addi x31, x31, -1
      bnez x31, entry
      ebreak`;
    const at = codeBase;
    const start = named(source, { 9: 0x513n, 20: at, 31: 300n }, undefined, at);
    same({ ...start, at, entry: at + 8n });
    const space = [undefined, rw(3), rw(codeFrame)];
    same({ ...named(source, { 9: 0x513n, 20: second, 31: 300n }, space, at), at, entry: at + 8n });
  });

  test('one page at two addresses, each time beside another', () => {
    const source = `again:
      sd x31, -8(x20)
      sd x31, 8(x20)
      ld x5, -8(x21)
      sd x5, 8(x21)
      ld x6, 8(x20)
      ld x7, -8(x20)
      add x8, x8, x6
      add x8, x8, x7
      addi x31, x31, -1
      bnez x31, again
      ebreak`;
    const space = [undefined, rw(7), 'next', rw(7), rw(5)] as const;
    same(named(source, { 20: second, 21: first + 0x3000n, 31: 300n }, space));
  });

  test('a loop with two entries within one with two entries', () => {
    const source = `
      andi x30, x31, 1
      bnez x30, b
    a:
      addi x31, x31, -1
      bltz x31, done
      andi x30, x31, 16
      bnez x30, b
      lw x5, 0(x21)
      andi x30, x31, 3
      beqz x30, c
      andi x30, x31, 4
      beqz x30, d
    y:
      lw x10, 8(x21)
      add x11, x11, x10
      sw x11, 16(x21)
      j a
    c:
      lw x6, 0(x22)
      lw x7, 4(x22)
      sw x31, 8(x22)
      addi x31, x31, -1
      bltz x31, done
      andi x30, x31, 8
      bnez x30, y
    d:
      lw x8, 0(x23)
      lw x9, 4(x23)
      sw x31, 8(x23)
      addi x31, x31, -1
      bltz x31, done
      andi x30, x31, 2
      bnez x30, c
      j y
    b:
      addi x31, x31, -1
      bltz x31, done
      lw x12, 0(x20)
      lw x13, 4(x20)
      sw x31, 8(x20)
      j a
    done:
      ebreak`;
    const at = [0x100n, 0x1200n, 0x2300n, 0x3400n].map((each) => bareBase + each);
    same(named(source, { 20: at[0]!, 21: at[1]!, 22: at[2]!, 23: at[3]!, 31: 400n }, undefined));
  });
});

describe('the locals of pages', () => {
  const graph = [[1, 4], [2, 4], [3, 5], [2, 5], [1], [1, 6], []];

  /** In each block two words by the register of that number, in block 6 two more by that of block 1. */
  function pagesOf(begin: readonly number[]): ReadonlyMap<number, number> {
    const row = decode(
      assemble('lw x5, 0(x20)', { base: 0 }).bytes.reduce((sum, byte, n) => sum + byte * 256 ** n, 0),
    )!;
    const access = (block: number, name: number, plus: number): PlacedAccess => ({
      step: { place: 64 * block + plus, decoded: row },
      block,
      store: false,
      bytes: 4,
      address: { name, plus },
    });
    const placed = graph.map((_, block) => [access(block, block + 1, 0), access(block, block + 1, 4)]);
    placed[5]!.push(access(5, 2, 8));
    let locals = 0;
    const local = (): Local<'i32'> => ({ type: 'i32', index: locals++ }) as Local<'i32'>;
    const shared = new SharedPages(placed, analyse(graph, 0), local, () => false);
    const found = new Map<number, number>();
    for (const block of begin) {
      shared.begin(block);
      for (const { step } of placed[block]!)
        found.set(block, found.get(block) ?? shared.of(block, step)!.shared.host.index);
    }
    return found;
  }

  test('serve again in blocks that know nothing of each other', () => {
    const of = pagesOf([0, 1, 2, 3, 4, 5, 6]);
    expect(of.get(2)).toBe(of.get(3));
    expect(of.get(2)).not.toBe(of.get(1));
  });

  test('not where a block is written before the one that dominates it', () => {
    const of = pagesOf([0, 2, 3, 4, 1, 5, 6]);
    expect([2, 3].map((block) => of.get(block))).not.toContain(of.get(1));
  });

  const graphs = fc
    .integer({ min: 1, max: 14 })
    .chain((nodes) =>
      fc.array(fc.array(fc.nat(nodes - 1), { maxLength: 2 }), { minLength: nodes, maxLength: nodes }),
    );

  // Then locals always serve again.
  test('blocks are written after those that dominate them', () => {
    fc.assert(
      fc.property(graphs, (successors) => {
        const { dominator } = analyse(successors, 0);
        const written = new Set<number>();
        const code = (node: number, go: (target: number) => Statement[]): Statement[] => {
          expect(node === 0 || written.has(dominator[node]!)).toBe(true);
          written.add(node);
          return successors[node]!.flatMap(go);
        };
        structured({ successors, entryLocal: () => ({ type: 'i32', index: 0 }) as Local<'i32'>, code });
      }),
      { numRuns: 2000 },
    );
  });
});
