import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../src/wasm/byte-writer.ts';
import { ModuleBuilder } from '../src/wasm/module.ts';
import { f32, f64, i32, i64, memoryFill } from '../src/wasm/ops.ts';
import {
  after, block, branch, branchIf, branchTable, call, callIndirect, choose, drop, get, getGlobal, giveBack, label, loop,
  pick, set, setGlobal, type Term, tailCall, tailCallIndirect, tee, unlikely, type ValueType, valueBlock, when,
} from '../src/wasm/term.ts'; // biome-ignore format: a list of words

type Exports = Record<string, (...args: never[]) => unknown>;

function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}): Exports {
  const bytes = module.encode();
  expect(WebAssembly.validate(bytes)).toBe(true);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as Exports;
}

/** A function of no arguments that gives the term's value. */
function evaluate<T extends ValueType>(value: Term<T>): unknown {
  const module = new ModuleBuilder();
  const { index } = module.function('value', [], value.type, () => [value]);
  module.export('value', 'function', index);
  return instantiate(module).value!();
}

describe('numbers survive their encoding', () => {
  test('i32', () => {
    fc.assert(
      fc.property(fc.integer(), (n) => {
        expect(evaluate(i32.const(n))).toBe(n);
      }),
    );
  });
  test('i64', () => {
    const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(any, (n) => {
        expect(evaluate(i64.const(n))).toBe(n);
      }),
    );
  });
  test('f64 and f32', () => {
    fc.assert(
      fc.property(fc.double(), (n) => {
        expect(evaluate(f64.const(n))).toBe(n);
      }),
    );
    fc.assert(
      fc.property(fc.float(), (n) => {
        expect(evaluate(f32.const(n))).toBe(n);
      }),
    );
  });
  test('unsigned LEB128', () => {
    const encoded = (n: number): number[] => {
      const out = new ByteWriter();
      out.unsigned(n);
      return [...out.bytes()];
    };
    expect([0, 127, 128, 624_485, 2 ** 32 - 1].map(encoded)).toEqual([
      [0], [0x7f], [0x80, 1], [0xe5, 0x8e, 0x26], [0xff, 0xff, 0xff, 0xff, 0x0f],
    ]); // biome-ignore format: a table
  });
});

describe('instructions do what they are named after', () => {
  const c = i64.const;
  test.each([
    ['add', evaluate(i64.add(c(5), c(-7))), -2n],
    ['sub', evaluate(i64.sub(c(5), c(7))), -2n],
    ['div_s', evaluate(i64.div_s(c(-7), c(2))), -3n],
    ['rem_u', evaluate(i64.rem_u(c(-1), c(10))), 5n],
    ['shr_s', evaluate(i64.shr_s(c(-8), c(1))), -4n],
    ['shr_u', evaluate(i64.shr_u(c(-1), c(63))), 1n],
    ['rotl', evaluate(i64.rotl(c(1), c(63))), -(2n ** 63n)],
    ['clz', evaluate(i64.clz(c(1))), 63n],
    ['popcnt', evaluate(i64.popcnt(c(-1))), 64n],
    ['lt_s', evaluate(i64.lt_s(c(-1), c(0))), 1],
    ['lt_u', evaluate(i64.lt_u(c(-1), c(0))), 0],
    ['ge_u', evaluate(i64.ge_u(c(-1), c(0))), 1],
    ['i32.ge_s', evaluate(i32.ge_s(i32.const(-1), i32.const(0))), 0],
    ['i32.rotr', evaluate(i32.rotr(i32.const(1), i32.const(1))), -(2 ** 31)],
    ['extend8_s', evaluate(i64.extend8_s(c(0x80))), -128n],
    ['extend32_s', evaluate(i64.extend32_s(c(0x8000_0000))), -(2n ** 31n)],
    ['extend_i32_u', evaluate(i64.extend_i32_u(i32.const(-1))), 0xffff_ffffn],
    ['f64.sqrt', evaluate(f64.sqrt(f64.const(2))), Math.SQRT2],
    ['f64.nearest', evaluate(f64.nearest(f64.const(2.5))), 2],
    ['f64.copysign', evaluate(f64.copysign(f64.const(2), f64.const(-1))), -2],
    ['f64.ge', evaluate(f64.ge(f64.const(2), f64.const(2))), 1],
    ['f32.demote', evaluate(f32.demote_f64(f64.const(0.1))), Math.fround(0.1)],
    ['trunc_sat', evaluate(i64.trunc_sat_f64_u(f64.const(-1))), 0n],
    ['reinterpret', evaluate(i64.reinterpret_f64(f64.const(1))), 0x3ff0_0000_0000_0000n],
    ['pick', evaluate(pick(i32.const(1), c(1), c(2))), 1n],
    ['choose', evaluate(choose(i32.const(0), c(1), c(2))), 2n],
  ])('%s', (_, got, expected) => expect(got).toBe(expected));
});

describe('structure', () => {
  test('loops, locals and scratch locals', () => {
    const module = new ModuleBuilder();
    const { index } = module.function('triangle', ['i64'], 'i64', (fn, n) => {
      const sum = fn.local('i64');
      const unused = fn.local('f64');
      const again = label('again');
      const step = fn.scratch('i32', (one) => set(one, i32.const(1)));
      fn.scratch('i32', (one) => expect(one.index).toBe(3)); // the same one
      return [
        step,
        set(unused, f64.const(1)),
        loop(again, [
          set(sum, i64.add(get(sum), get(n))),
          branchIf(again, i64.ne(tee(n, i64.sub(get(n), i64.const(1))), i64.const(0))),
        ]),
        get(sum),
      ];
    });
    module.export('triangle', 'function', index);
    expect(instantiate(module).triangle!(100n as never)).toBe(5050n);
  });

  test('br_table goes to nested blocks, and beyond its last entry to the default', () => {
    const module = new ModuleBuilder();
    const { index } = module.function('which', ['i32'], 'i32', (_, at) => {
      const labels = [label('zero'), label('one'), label('other')] as const;
      const [zero, one, other] = labels;
      return [
        block(other, [
          block(one, [block(zero, [branchTable(get(at), [zero, one], other)]), giveBack(i32.const(10))]),
          giveBack(i32.const(11)),
        ]),
        i32.const(12),
      ];
    });
    module.export('which', 'function', index);
    const { which } = instantiate(module);
    expect([0, 1, 2, -1].map((n) => which!(n as never))).toEqual([10, 11, 12, 12]);
  });

  test('blocks with values, conditionals, and branches out of the middle of an expression', () => {
    const module = new ModuleBuilder();
    const { index } = module.function('f', ['i32'], 'i32', (fn, n) => {
      const out = label('out');
      const result = fn.local('i32');
      return [
        block(out, [
          when(i32.eqz(get(n)), [set(result, i32.const(7)), branch(out)], [set(result, i32.const(1))]),
          set(
            result,
            i32.add(get(result), after([branchIf(out, i32.gt_s(get(n), i32.const(5)))], i32.const(1))),
          ),
        ]),
        i32.add(get(result), valueBlock('i32', label(), [i32.const(100)])),
      ];
    });
    module.export('f', 'function', index);
    const { f } = instantiate(module);
    expect([0, 1, 9].map((n) => f!(n as never))).toEqual([107, 102, 101]);
  });

  test('a branch to a label that is not in scope is an error that names it', () => {
    const module = new ModuleBuilder();
    expect(() => module.function('f', [], 'void', () => [branch(label('nowhere'))])).toThrow(/nowhere/);
  });
});

describe('modules', () => {
  test('imports, memory, globals, tables, indirect and tail calls', () => {
    const module = new ModuleBuilder();
    const seen: bigint[] = [];
    const note = module.importFunction('host', 'note', ['i64'], 'i32');
    const start = module.importGlobal('host', 'start', 'i32', false);
    module.importMemory('host', 'memory', { initial: 1 });
    const counter = module.global('i32', true, i32.const(40));
    const twice = module.function('twice', ['i32'], 'i32', (_, n) => [i32.shl(get(n), i32.const(1))]);
    const negate = module.function('negate', ['i32'], 'i32', (_, n) => [i32.sub(i32.const(0), get(n))]);
    const table = module.table({ initial: 2 });
    module.elements(table, 0, [twice, negate]);
    const signature = module.type(['i32'], 'i32');
    expect(module.type(['i32'], 'i32').index).toBe(signature.index);
    const main = module.function('main', ['i32'], 'i32', (_, at) => [
      memoryFill(getGlobal(start), i32.const(0xab), i32.const(2)),
      i64.store(getGlobal(start), i64.const(-2), 8),
      drop(call(note, i64.load32_u(getGlobal(start), 0))),
      setGlobal(counter, i32.add(getGlobal(counter), i32.const(1))),
      callIndirect(table, signature, get(at), getGlobal(counter)),
    ]);
    const tail = module.function('tail', ['i32'], 'i32', (_, n) => [tailCall(twice, get(n)), i32.const(0)]);
    const tail2 = module.function('tail2', ['i32'], 'i32', (_, n) => [
      tailCallIndirect(table, signature, i32.const(1), get(n)),
      i32.const(0),
    ]);
    for (const [name, { index }] of Object.entries({ main, tail, tail2 }))
      module.export(name, 'function', index);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const host = { memory, start: 16, note: (n: bigint) => seen.push(n) };
    const { main: run, tail: t1, tail2: t2 } = instantiate(module, { host });
    expect([run!(0 as never), run!(1 as never), t1!(4 as never), t2!(4 as never)]).toEqual([82, -42, 8, -4]);
    expect(seen).toEqual([0xababn, 0xababn]);
    expect(new DataView(memory.buffer).getBigInt64(24, true)).toBe(-2n);
  });

  test('marks of branches seldom taken lead to them', () => {
    const module = new ModuleBuilder();
    const first = module.function('first', ['i32'], 'i32', (fn, n) => {
      const [out, found] = [label('out'), fn.local('i64')];
      return [
        set(found, i64.const(7)),
        block(out, [unlikely(branchIf(out, get(n)))]),
        unlikely(when(get(n), [giveBack(i32.const(5))])),
        i32.const(6),
      ];
    });
    module.export('first', 'function', first.index);
    const bytes = module.encode();
    const name = 'metadata.code.branch_hint';
    const text = Buffer.from(bytes).toString('latin1');
    const hints = [...bytes.subarray(text.indexOf(name) + name.length)];
    // One function, number 0, with two marks: each a place, a size of 1 and a 0.
    expect([hints.slice(0, 3), hints.slice(4, 6), hints.slice(7, 9)]).toEqual([
      [1, 0, 2],
      [1, 0],
      [1, 0],
    ]);
    // The body begins behind its size, which follows the code section's number, size and count.
    const body = text.indexOf(name) + name.length + hints.indexOf(0x0a, 9) + 4;
    expect([hints[9], bytes[body + hints[3]!], bytes[body + hints[6]!]]).toEqual([0x0a, 0x0d, 0x04]);
    const { first: run } = instantiate(module);
    expect([run!(0 as never), run!(1 as never)]).toEqual([6, 5]);
  });

  test('only conditions can be marked', () => {
    expect(() => unlikely(branch(label('out')))).toThrow(/no hint/);
  });

  test('a declared function without a body is an error that names it', () => {
    const module = new ModuleBuilder();
    module.declare('forgotten', [], 'void');
    expect(() => module.encode()).toThrow(/forgotten/);
  });
});
