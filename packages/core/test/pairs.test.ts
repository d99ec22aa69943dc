import { compressedInstructions, type Instruction } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { regionHandler } from '../src/interpreter/enter-region.ts';
import { hasFastPath } from '../src/interpreter/fast-row.ts';
import { jumpOf, numberOf, type RowHandler, special } from '../src/interpreter/handlers.ts';
import type { Interpreter } from '../src/interpreter/interpreter.ts';
import { firstPairHandler, pairHandlers } from '../src/interpreter/pairs.ts';
import { slotBytes } from '../src/interpreter/slot.ts';
import { RegionCache } from '../src/translator/region-cache.ts';
import {
  codeBase,
  codeBytes,
  outcome,
  poke,
  ramBase,
  runFrom,
  type Start,
  startOf,
  subject,
  wordOf,
} from './engine-twins.ts';

// Pairs of instructions with a handler of their own do what the two do one after the other, wherever the run ends between them.

test('are of instructions the loop executes, of which the first does not jump, and each once', () => {
  for (const { first, second } of pairHandlers) {
    expect(hasFastPath(first.row) && hasFastPath(second.row)).toBe(true);
    expect(jumpOf(first.row)).toBeUndefined();
  }
  const keys = pairHandlers.map(({ first, second }) => `${numberOf(first)} ${numberOf(second)}`);
  expect(new Set(keys).size).toBe(pairHandlers.length);
});

/** Instructions of a handler's row in its length. */
function wordsOf({ row, length }: RowHandler): fc.Arbitrary<number> {
  const forms = compressedInstructions.filter(({ semantics }) => semantics === row.semantics);
  return length === 4 ? wordOf(row) : fc.constantFrom(...(forms as Instruction[])).chain(wordOf);
}

const pairs = fc.constantFrom(...pairHandlers);
const twoWords = pairs.chain(({ first, second }) => fc.tuple(wordsOf(first), wordsOf(second)));
const programs = fc.array(twoWords, { minLength: 1, maxLength: 8 }).map((words) => words.flat());
/** Some near a page's end, which may come between the two. */
const starts = fc
  .tuple(startOf(programs), fc.integer({ min: 0, max: 16 }), fc.boolean())
  .map(
    ([start, halfwords, far]): Start =>
      far ? start : { ...start, pc: codeBase + 0x1000n - 2n * BigInt(halfwords) },
  );

const reference = subject('reference');

describe.each(['interpreter', 'translator'] as const)('pairs on the %s', (engine) => {
  const tested = subject(engine, { translator: { threshold: 3, batch: 1 } });

  test('do what the reference evaluator does, in one piece, in several, and one instruction at a time', () => {
    const budgets = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 24 });
    fc.assert(
      fc.property(starts, budgets, (start, pieces) => {
        const whole = pieces.reduce((a, b) => a + b);
        expect(runFrom(tested, start, [whole])).toEqual(runFrom(reference, start, [whole]));
        const again = { used: 0 };
        expect({ ...runFrom(tested, start, pieces), ...again }).toEqual({
          ...runFrom(reference, start, pieces),
          ...again,
        });
      }),
      { numRuns: 2000 },
    );
  });

  test('end when their second is overwritten, or what is in front of them and behind them', () => {
    const change = fc.record({ word: pairs.chain(({ second }) => wordsOf(second)), halfword: fc.nat(12) });
    fc.assert(
      fc.property(startOf(programs), fc.array(change, { minLength: 1, maxLength: 4 }), (start, changes) => {
        const stories = [reference, tested].map((each) => {
          const story = [runFrom(each, start, [40])];
          for (const { word, halfword } of changes) {
            poke(each, start.pc + 2n * BigInt(halfword), codeBytes([word]));
            each.hart.pc = start.pc;
            story.push(outcome(each, each.hart.run(40)));
          }
          return story;
        });
        expect(stories[1]).toEqual(stories[0]);
      }),
      { numRuns: 2000 },
    );
  });
});

test('an instruction makes no pair with one that a region begins at: what falls into the region enters it', () => {
  const tested = subject('translator', { translator: { threshold: 3, batch: 1 } });
  // c.mv a0, a1; 1: addi a0, a0, 1; bnez a0, 1b
  const code = [0x852e, 0x0015_0513, 0xfe05_1ee3];
  const x = new Array<bigint>(32).fill(1n);
  runFrom(tested, { x, f: [], fcsr: 0, floatState: 0, pc: codeBase, code }, [100]);
  expect(tested.core.engine.stats!().regions).toBe(1);
  const { view } = tested.core.memory;
  const entry = tested.hart.views.fetchTlb.byteOffset + Number((codeBase >> 12n) % 1024n) * 16;
  const first = view.getUint32(entry + 12, true);
  const handlers = [0, 1].map((n) => view.getUint16(first + n * slotBytes, true));
  expect(handlers[0]).toBeLessThan(firstPairHandler);
  expect(handlers[1]).toBeGreaterThanOrEqual(regionHandler);
});

test('a region that goes leaves the first instruction alone behind, whatever became of the second', () => {
  const view = new DataView(new ArrayBuffer(4096));
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
  const regions = new RegionCache(view, table, 1024, () => {});
  view.setUint16(64, firstPairHandler, true);
  regions.install({ slot: 64, jumps: new Set(), extents: [] }, null);
  expect(view.getUint16(64, true)).toBe(regionHandler);
  regions.dropAll();
  expect(view.getUint16(64, true)).toBe(numberOf(pairHandlers[0]!.first));
});

describe('a slot', () => {
  const tested = subject('interpreter');
  const start = (code: readonly number[]): Start => ({
    x: new Array<bigint>(32).fill(codeBase),
    f: [],
    fcsr: 0,
    floatState: 0,
    pc: codeBase,
    code,
  });
  // c.mv a0, a1; addi a0, a0, 1; c.mv a2, a0
  const program = [0x852e, 0x0015_0513, 0x862a];
  const handlers = (): number[] => {
    const { cache } = tested.core.engine as Interpreter;
    const slots = cache.knownSlotsOf(tested.core.bus.ram(Number(codeBase), 1) >>> 12);
    return [0, 1, 3].map((n) => tested.core.memory.view.getUint16(slots + n * slotBytes, true));
  };
  const isPair = (number: number): boolean => number >= firstPairHandler;

  test('gets the number of a pair when the line is decoded, and its own again when the second is overwritten', () => {
    runFrom(tested, start(program), [1]);
    expect(handlers().map(isPair)).toEqual([true, true, false]);
    poke(tested, codeBase + 6n, codeBytes([0x862a]));
    expect(handlers().map(isPair)).toEqual([true, false, false]);
    poke(tested, codeBase + 2n, codeBytes([0x0015_0513]));
    expect(handlers().map(isPair)).toEqual([false, false, false]);
  });

  test('gets it when the first is decoded later', () => {
    runFrom(tested, { ...start(program), pc: ramBase + 0x2000n }, [0]);
    const from = (pc: bigint): void => {
      tested.hart.pc = pc;
      tested.hart.run(1);
    };
    runFrom(tested, start(program), [0]);
    from(codeBase + 2n);
    expect(handlers()[0]).toBe(special.undecoded);
    from(codeBase);
    expect(handlers().map(isPair)).toEqual([true, true, false]);
  });

  test('is decoded along with those in front of it, unless they jump', () => {
    // c.mv a0, a1; addi a0, a0, 1; c.mv a2, a0: decoded at once. With beqz a0 for addi: not behind it.
    runFrom(tested, start(program), [1]);
    expect(handlers()).not.toContain(special.undecoded);
    runFrom(tested, start([0x852e, 0x0005_0463, 0x862a]), [1]);
    expect(handlers().map((number) => number === special.undecoded)).toEqual([false, false, true]);
  });
});
