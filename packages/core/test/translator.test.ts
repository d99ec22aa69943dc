import { assemble } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeBase, dataBase, runFrom, type Start, startOf, subject } from './engine-twins.ts';

// Programs with loops, calls, tables of jumps and recursion: what regions are made of. Whatever the budget is cut into, the
// translator ends where the reference evaluator does.

const reference = subject('reference');
const translator = subject('translator');

// x5..x15 compute, x20 points at data, x1 and x2 call, x28..x31 are the skeleton's own.
const computing = fc.integer({ min: 5, max: 15 }).map((n) => `x${n}`);
const floating = fc.integer({ min: 0, max: 7 }).map((n) => `f${n}`);
const small = fc.integer({ min: -64, max: 64 });
const operation = fc.constantFrom(
  'add',
  'sub',
  'xor',
  'sltu',
  'addw',
  'sllw',
  'mul',
  'mulhu',
  'divw',
  'remu',
  'sra',
  'sh3add',
  'rol',
  'andn',
  'czero.eqz',
);
const memory = fc.constantFrom('lb', 'lhu', 'lw', 'ld', 'sb', 'sh', 'sw', 'sd');
const arithmetic = fc.constantFrom('fadd.d', 'fsub.d', 'fmul.d', 'fdiv.d', 'fmul.s', 'fmin.d', 'fsgnjx.d');

const line = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(operation, computing, computing, computing).map(([op, d, a, b]) => `${op} ${d}, ${a}, ${b}`) },
  { weight: 2, arbitrary: fc.tuple(computing, computing, small).map(([d, a, n]) => `addi ${d}, ${a}, ${n}`) },
  { weight: 4, arbitrary: fc.tuple(memory, computing, small).map(([op, r, n]) => `${op} ${r}, ${n}(x20)`) },
  { weight: 1, arbitrary: fc.tuple(computing, small).map(([r, n]) => `add x21, x20, ${r}\nandi x21, x21, -8\nand x21, x21, x22\nor x21, x21, x20\nld ${r}, ${n & -8}(x21)`) },
  { weight: 1, arbitrary: fc.tuple(arithmetic, floating, floating, floating).map(([op, d, a, b]) => `${op} ${d}, ${a}, ${b}`) },
  { weight: 1, arbitrary: fc.tuple(floating, floating, floating, floating).map((r) => `fmadd.d ${r.join(', ')}`) },
  { weight: 1, arbitrary: fc.tuple(computing, floating, floating).map(([d, a, b]) => `flt.d ${d}, ${a}, ${b}`) },
  { weight: 1, arbitrary: fc.tuple(computing, computing).map(([d, a]) => `amoadd.d ${d}, ${a}, (x20)`) },
  { weight: 1, arbitrary: computing.map((d) => `auipc ${d}, 1`) },
); // biome-ignore format: a table

const compare = fc.constantFrom('beq', 'bne', 'blt', 'bgeu');
const blocks = 6;
const target = fc.integer({ min: 0, max: blocks - 1 }).map((n) => `block${n}`);

/** How a block ends: each way but the last is bounded by the fuel in x31. */
const ending = fc.oneof(
  fc.tuple(compare, computing, computing, target).map(([op, a, b, to]) => `${op} ${a}, ${b}, ${to}`),
  target.map((to) => `j ${to}`),
  fc.constant('call function'),
  fc.constant('call recursive'),
  fc
    .tuple(computing, target)
    .map(
      ([r, to]) =>
        `andi x29, ${r}, 3\nla x30, ${to}\nsltu x29, x0, x29\nczero.nez x28, x30, x29\nla x30, block0\nczero.eqz x30, x30, x29\nor x30, x30, x28\njr x30`,
    ),
  fc.constant(''),
);

const body = fc.array(line, { minLength: 0, maxLength: 5 }).map((lines) => lines.join('\n'));
const programs = fc
  .record({
    blocks: fc.array(fc.tuple(body, ending), { minLength: blocks, maxLength: blocks }),
    function: body,
    recursive: body,
    /** Halfwords in front, so that pages end at every place. */
    shift: fc.integer({ min: 0, max: 90 }),
    fuel: fc.integer({ min: 1, max: 40 }),
  })
  .map((parts) => {
    const text = parts.blocks.map(
      ([lines, end], n) => `block${n}:\naddi x31, x31, -1\nbltz x31, done\n${lines}\n${end}`,
    );
    return `
      li x31, ${parts.fuel}
      j block0
    function:
      ${parts.function}
      ret
    recursive:
      addi x2, x2, -16
      sd x1, 8(x2)
      addi x31, x31, -1
      blez x31, unwound
      call recursive
      ${parts.recursive}
    unwound:
      ld x1, 8(x2)
      addi x2, x2, 16
      ret
      ${text.join('\n')}
    done:
      ebreak
      ${'.half 0\n'.repeat(parts.shift)}`;
  });

const starts = fc
  .tuple(startOf(fc.constant([])), programs, fc.integer({ min: 0, max: 60 }))
  .map(([start, source, before]): Start => {
    const x = [...start.x];
    x[2] = dataBase + 0x800n;
    x[20] = dataBase - 0x100n;
    x[22] = 0x7f8n;
    const pc = codeBase + 0x1000n - 2n * BigInt(before);
    return { ...start, x, pc, bytes: assemble(source, { base: Number(pc) }).bytes };
  });

const pieces = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 });
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('programs of blocks', () => {
  test('end where the reference says, whatever the budget is cut into', () => {
    fc.assert(
      fc.property(starts, pieces, (start, budgets) => {
        const expected = runFrom(reference, start, [sum(budgets)]);
        expect(runFrom(translator, start, [sum(budgets)])).toEqual(expected);
        expect({ ...runFrom(translator, start, budgets), used: 0 }).toEqual({ ...expected, used: 0 });
      }),
      { numRuns: 400 },
    );
  });

  test('stop with every register right at every instruction', () => {
    fc.assert(
      fc.property(starts, fc.integer({ min: 1, max: 120 }), (start, budget) => {
        expect(runFrom(translator, start, [budget])).toEqual(runFrom(reference, start, [budget]));
      }),
      { numRuns: 600 },
    );
  });
});
