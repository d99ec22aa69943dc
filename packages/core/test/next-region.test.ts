import { assemble, S, Slot, slotOf, Touched } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EngineName } from '../src/index.ts';
import {
  codeBase,
  dataBase,
  outcome,
  poke,
  prepare,
  ramBase,
  ramDigest,
  type Start,
  type Subject,
  startOf,
  subject,
} from './engine-twins.ts';
import { engines, guest } from './guest.ts';
import { A, all, D, entry, leaf, mapPages, page, R, supervisor, tables, V } from './paging.ts';

// Regions that go on with each other, find pages by themselves, and are made anew: whatever the budget is cut into, registers, memory
// and counts are the reference evaluator's each time it ends.

const translator = (tailCalls: boolean, threshold: number): Subject =>
  subject('translator', { tailCalls, translator: { threshold, batch: 1 } });
const ways = [
  ['by tail calls', true],
  ['through the interpreter', false],
] as const;

/** A program, and what is beside it. */
interface Case {
  readonly start: Start;
  readonly budgets: readonly number[];
  /** Once the program is in RAM. */
  begin?(each: Subject): void;
  /** Where to go on behind a trap; undefined: that was all. */
  behind?(each: Subject, cause: number): bigint | undefined;
}

const assembled = (source: string, base = codeBase) => assemble(source, { base: Number(base) });
const labelOf = (source: string, label: string): bigint => assembled(source).symbols.get(label)!;

const program = (source: string, x: Readonly<Record<number, bigint>>): Start => ({
  x: Array.from({ length: 32 }, (_, n) => x[n] ?? 0n),
  f: Array.from({ length: 32 }, () => 0n),
  fcsr: 1,
  floatState: 3,
  pc: codeBase,
  code: [],
  bytes: assembled(source).bytes,
});

/** All that can be seen after each piece of the budget, up to a trap that nobody passes over. */
function story(each: Subject, { start, budgets, begin, behind }: Case): unknown[] {
  prepare(each, start);
  begin?.(each);
  const seen: unknown[] = [];
  for (const budget of budgets) {
    const exit = each.hart.run(budget);
    seen.push({ ...outcome(each, exit), data: ramDigest(each) });
    if (exit.kind !== 'trap') continue;
    const pc = behind?.(each, exit.trap.cause);
    if (pc === undefined) break;
    each.hart.pc = pc;
  }
  return seen;
}

const times = (count: number, budget: number): number[] => new Array<number>(count).fill(budget);
const total = (each: Subject): number => Number(each.hart.retired());
const statistics = (each: Subject) => each.core.engine.stats!();

// Functions that call each other through pointers

const reference = subject('reference');
const interpreter = subject('interpreter');

const functions = 6;
const someFunction = fc.nat(functions - 1);
const data = fc.integer({ min: 5, max: 15 }).map((n) => `x${n}`);
const float = fc.integer({ min: 0, max: 3 }).map((n) => `f${n}`);
const line = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('add', 'sub', 'xor', 'mulhu', 'sltu', 'rol'), data, data, data).map(([op, d, a, b]) => `${op} ${d}, ${a}, ${b}`) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('lb', 'lw', 'ld', 'sb', 'sw', 'sd'), data, fc.integer({ min: -32, max: 32 })).map(([op, r, n]) => `${op} ${r}, ${n}(x20)`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('fadd.d', 'fmul.s'), float, float, float).map(([op, d, a, b]) => `${op} ${d}, ${a}, ${b}`) },
  { weight: 1, arbitrary: fc.tuple(data, data).map(([d, a]) => `amoadd.d ${d}, ${a}, (x20)`) },
); // biome-ignore format: a table
const lines = fc.array(line, { maxLength: 4 }).map((each) => each.join('\n'));

const pick = (register: string): string => `andi x30, ${register}, 7\nsh3add x30, x30, x19\nld x30, 0(x30)`;
const ending = fc.oneof(
  data.map((r) => `${pick(r)}\njr x30`),
  data.map((r) => `${pick(r)}\nj hop`),
  fc
    .tuple(data, lines)
    .map(
      ([r, more]) =>
        `addi x2, x2, -16\nsd x1, 8(x2)\n${pick(r)}\njalr x30\nld x1, 8(x2)\naddi x2, x2, 16\n${more}\nret`,
    ),
  someFunction.map((n) => `j function${n}`),
  fc.tuple(data, someFunction).map(([r, n]) => `andi x30, ${r}, 3\nbnez x30, function${n}\nret`),
  fc.constant('ret'),
);

const programs = fc
  .record({
    functions: fc.array(fc.tuple(lines, ending), { minLength: functions, maxLength: functions }),
    table: fc.array(someFunction, { minLength: 8, maxLength: 8 }),
    fuel: fc.integer({ min: 20, max: 300 }),
  })
  .map(({ functions, table, fuel }) => {
    const text = functions.map(
      ([body, end], n) => `function${n}:\naddi x31, x31, -1\nbltz x31, done\n${body}\n${end}`,
    );
    return `
      li x31, ${fuel}
      la x19, table
    main:
      addi x31, x31, -1
      bltz x31, done
      ${pick('x31')}
      jalr x30
      j main
    hop:
      jr x30
    ${text.join('\n')}
    done:
      ebreak
      .align 3
    table:
      ${table.map((n) => `.dword function${n}`).join('\n')}`;
  });

const cases = fc
  .record({
    start: startOf(fc.constant([])),
    source: programs,
    /** Doublewords in front of a page's end. */
    before: fc.nat(60),
    first: fc.nat(1500),
    pieces: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }),
  })
  .map(({ start, source, before, first, pieces }): Case => {
    const x = [...start.x];
    x[2] = ramBase + 0xf000n;
    x[20] = dataBase;
    const pc = codeBase + 0x1000n - BigInt(8 * before);
    const { bytes } = assembled(source, pc);
    return { start: { ...start, x, pc, bytes }, budgets: [first + 1, ...pieces, 20_000] };
  });

test('functions that call each other through pointers do the same in every engine, whatever the budget is cut into', () => {
  let [translated, all] = [0, 0];
  fc.assert(
    fc.property(cases, fc.constantFrom(2, 3, 8), (each, threshold) => {
      const expected = story(reference, each);
      expect(story(interpreter, each)).toEqual(expected);
      for (const [, tailCalls] of ways) {
        const subject = translator(tailCalls, threshold);
        expect(story(subject, each)).toEqual(expected);
        translated += statistics(subject).translated;
        all += total(subject);
      }
    }),
    { numRuns: 60 },
  );
  expect(translated).toBeGreaterThan(all / 2);
});

// Sv39: RAM at its own addresses, and pages at 0x4000_0000

const virtual = 0x4000_0000n;
const frame = (n: number): bigint => ramBase + 4096n * BigInt(n);
const [breakpoint, fetchPageFault] = [3, 12];

/** Frames of tables, and the ASID. */
interface Space {
  readonly root: number;
  readonly middle: number;
  readonly leaves: readonly number[];
  readonly asid: bigint;
}
const first: Space = { root: 0, middle: 1, leaves: [2], asid: 1n };
const second: Space = { root: 3, middle: 5, leaves: [6], asid: 2n };
const third: Space = { root: 9, middle: 11, leaves: [12], asid: 3n };
const satpOf = ({ root, asid }: Space): bigint => (8n << 60n) | (asid << 44n) | (frame(root) >> 12n);
const entryOf = ({ leaves }: Space): bigint => frame(leaves[0]!);

const leafOf = (n: number, bits = all): bigint => leaf(Number(frame(n)), bits);
const [one, other] = [leafOf(7), leafOf(8)];

function map(each: Subject, { root, middle, leaves }: Space, pages: readonly bigint[]): void {
  const table = (n: number, entries: readonly bigint[]): void => {
    const words = new BigUint64Array(512);
    words.set(entries);
    poke(each, frame(n), new Uint8Array(words.buffer));
  };
  table(root, [0n, leafOf(middle, V), leafOf(0)]);
  table(
    middle,
    leaves.map((n) => leafOf(n, V)),
  );
  leaves.forEach((n, at) => {
    table(n, pages.slice(512 * at, 512 * (at + 1)));
  });
}

function supervise({ hart }: Subject, space: Space): void {
  hart.csrs.set(slotOf('pmpaddr0'), (1n << 54n) - 1n);
  hart.csrs.set(slotOf('pmpcfg0'), 0x1fn);
  hart.changed(Touched.pmp);
  hart.privilege = S;
  hart.setCsr(Slot.satp, satpOf(space));
  hart.flushTlb();
}

/** Calls the function at x21; every seventh time after a change by x8, the next one by x9. */
const caller = (change: string): string => `
  main:
    addi x31, x31, -1
    bltz x31, done
    li x30, 7
    remu x30, x31, x30
    bnez x30, same
    ${change}
    mv x30, x8
    mv x8, x9
    mv x9, x30
  same:
    jalr x21
    ld x13, 8(x22)
    add x12, x12, x13
    add x12, x12, x10
    j main
  done:
    ebreak`;

describe.each(ways)('regions that go on %s', (_, tailCalls) => {
  const device = 0x1000_0000n;
  const stopping = (each: Subject): void => {
    const write = (offset: number): boolean => {
      if (offset === 0) each.hart.requestStop();
      return true;
    };
    each.core.bus.remove(Number(device));
    each.core.bus.addDevice(Number(device), 4096, { name: 'stop', read: () => 0n, write });
  };
  /** One is a single instruction, one begins with a device; every seventh round something stops them. */
  const hops = program(
    `
      la x21, first
      la x22, second
      la x23, third
    main:
      addi x31, x31, -1
      bltz x31, done
      xor x10, x10, x31
      jalr x21
      j main
    first:
      jr x22
    second:
      li x30, 7
      remu x30, x31, x30
      bnez x30, past
      sw x31, 0(x25)
    past:
      sd x10, 0(x20)
      jr x23
    third:
      sw x10, 8(x25)
      amoadd.d x11, x10, (x20)
      ret
    done:
      ebreak`,
    { 20: dataBase, 25: device, 31: 1000n },
  );

  test('end where the reference does with one instruction at a time', () => {
    const each = { start: hops, begin: stopping, budgets: [...times(10, 100), ...times(200, 1)] };
    const expected = story(reference, each);
    for (const threshold of [3, 50]) expect(story(translator(tailCalls, threshold), each)).toEqual(expected);
  });

  test('end where the reference does when a device stops them', () => {
    const each = { start: hops, begin: stopping, budgets: times(40, 1000) };
    const expected = story(reference, each);
    expect(expected.at(-1)).toMatchObject({ exit: { kind: 'requested' } });
    expect(story(interpreter, each)).toEqual(expected);
    for (const threshold of [2, 20]) expect(story(translator(tailCalls, threshold), each)).toEqual(expected);
  });

  // Code that changes

  /** Each is three instructions to write over, with room for a store, and goes on to the next by a pointer. */
  const links = [0, 1, 2, 3];
  const chain = (writer: number, fence: string): string => {
    const store = `
      li x30, 13
      remu x30, x31, x30
      bnez x30, past
      lw x30, 0(x20)
      xor x30, x30, x18
      sw x30, 0(x20)
      ${fence}
    past:`;
    const link = (n: number): string => `
    link${n}:
      ${n === writer ? store : ''}
    over${n}:
      addi x10, x10, ${n + 1}
      addi x11, x10, ${n + 2}
      xor x12, x12, x11
      jr x${21 + ((n + 1) % links.length)}`;
    return `
      ${links.map((n) => `la x${21 + n}, ${n === 0 ? 'main' : `link${n}`}`).join('\n')}
    main:
      addi x31, x31, -1
      bltz x31, done
    ${links.map(link).join('\n.align 6\n')}
    done:
      ebreak`;
  };
  const written = fc.record({
    writer: fc.constantFrom(...links),
    over: fc.constantFrom(...links),
    instruction: fc.nat(2),
    // The spec asks for the fence; these engines do without.
    fence: fc.constantFrom('fence.i', 'fence.i', ''),
    threshold: fc.constantFrom(2, 3, 5),
    pieces: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 8 }),
  });

  test('go on with code as it is now, not as it was before another region wrote over it', () => {
    let translated = 0;
    fc.assert(
      fc.property(written, ({ writer, over, instruction, fence, threshold, pieces }) => {
        const source = chain(writer, fence);
        const at = labelOf(source, `over${over}`) + BigInt(4 * instruction);
        const each = {
          start: program(source, { 18: 0x0050_0000n, 20: at, 31: 150n }),
          budgets: [...pieces, 10_000],
        };
        const subject = translator(tailCalls, threshold);
        expect(story(subject, each)).toEqual(story(reference, each));
        translated += statistics(subject).translated;
      }),
      { numRuns: 25 },
    );
    expect(translated).toBeGreaterThan(25 * 1000);
  });

  // Pages of code that change

  test.each([
    ['another address space', 'csrw satp, x8', { 8: satpOf(second), 9: satpOf(first) }],
    ['one where it is missing', 'csrw satp, x8', { 8: satpOf(third), 9: satpOf(first) }],
    ['another entry', 'sd x8, 0(x20)\nsfence.vma', { 8: other, 9: one }],
    ['another entry, of which a fence is told', 'sd x8, 0(x20)\nsfence.vma x21', { 8: other, 9: one }],
    ['another entry of its ASID', 'sd x8, 0(x20)\nsfence.vma x0, x26', { 8: other, 9: one }],
    ['no entry', 'sd x8, 0(x20)\nsfence.vma', { 8: 0n, 9: one }],
  ] as const)('find the code that is mapped now: %s', (_, change, x) => {
    const each: Case = {
      start: program(caller(change), {
        ...x,
        20: entryOf(first),
        21: virtual,
        22: virtual + 4096n,
        26: first.asid,
        31: 400n,
      }),
      begin: (machine) => {
        poke(machine, frame(7), assembled('ld x11, 0(x22)\nadd x10, x10, x11\nret').bytes);
        poke(machine, frame(8), assembled('ld x11, 0(x22)\nsub x10, x10, x11\nret').bytes);
        map(machine, first, [one, leafOf(10)]);
        map(machine, second, [other, leafOf(13)]);
        map(machine, third, [0n, leafOf(14)]);
        supervise(machine, first);
      },
      // The call of a page that is missing is none.
      behind: ({ hart }, cause) => (cause === fetchPageFault ? hart.registers.readX(1) : undefined),
      budgets: times(400, 100),
    };
    const subject = translator(tailCalls, 3);
    const expected = story(reference, each);
    expect(expected.at(-1)).toMatchObject({ exit: { trap: { cause: breakpoint } } });
    expect(story(subject, each)).toEqual(expected);
    expect(statistics(subject).translated).toBeGreaterThan(total(subject) / 2);
  });
});

// The hart changes satp and executes the fence without leaving WebAssembly, which takes an architectural one.
test.each([
  ['another address space', 'csrw satp, x8'],
  ['another entry', 'sd x8, 0(x20)\nsfence.vma'],
])('a hart that delivers its own traps finds the code that is mapped now, too: %s', (_, change) => {
  const at = (n: number): number => tables.root + 4096 * n;
  const [root, middle, leaves, a, b] = [at(4), at(5), at(6), at(8), at(9)];
  const both = change.startsWith('csrw')
    ? [root, tables.root].map((table) => (8n << 60n) | BigInt(table / 4096))
    : [b, a].map((code) => leaf(code, all));
  // Pages that no entry of a TLB serves along with the program's.
  const values = { 8: both[0]!, 9: both[1]!, 20: entry(5), 21: page(5), 22: page(6), 31: 400 };
  const registers = Object.entries(values).map(([n, value]) => `li x${n}, ${value}`);
  const ended = (engine: EngineName) => {
    const machine = guest(engine, supervisor(`${registers.join('\n')}\n${caller(change)}`));
    mapPages(machine, { 5: leaf(a, all), 6: leaf(a, all) });
    machine.write(root + 8, leaf(middle, V));
    machine.write(root + 16, leaf(0x8000_0000, all));
    machine.write(middle, leaf(leaves, V));
    for (const n of [5, 6]) machine.write(leaves + 8 * n, leaf(b, all));
    machine.core.ram(BigInt(a), 4096)!.set(assembled('ld x13, 0(x22)\nadd x10, x10, x13\nret').bytes);
    machine.core.ram(BigInt(b), 4096)!.set(assembled('ld x13, 0(x22)\nxor x10, x10, x13\nret').bytes);
    machine.finish();
    return { cause: machine.x(8), pc: machine.x(18), sum: machine.x(12), retired: machine.hart.retired };
  };
  const expected = ended('reference');
  expect(expected).toMatchObject({ cause: BigInt(breakpoint) });
  for (const engine of engines) expect(ended(engine)).toEqual(expected);
});

describe('a loop over more pages than the TLB has entries', () => {
  const pages = 1300;
  const space: Space = { root: 0, middle: 1, leaves: [2, 3, 8], asid: 0n };
  const frames = [5, 6, 7, 9, 10, 11, 12, 13, 14, 15];
  const loop = (body: string): string => `
    round:
      mv x20, x19
      li x31, ${pages}
    again:
      ${body}
      add x20, x20, x21
      addi x31, x31, -1
      bnez x31, again
      addi x26, x26, -1
      bnez x26, round
      ebreak`;

  interface Walk {
    readonly body: string;
    /** In its page, of the pointer that the body uses. */
    readonly offset: number;
    /** So many frames of RAM a page is behind the one before. */
    readonly step: number;
    /** Entries of pages that are not ordinary. */
    readonly special: Readonly<Record<number, bigint>>;
    readonly budgets: readonly number[];
  }
  const walk = ({ body, offset, step, special, budgets }: Walk): Case => {
    const place = virtual + BigInt(offset);
    const usual = (n: number): bigint => leafOf(frames[(n * step) % frames.length]!);
    return {
      start: program(loop(body), { 10: 1n, 19: place, 21: 4096n, 22: place, 26: 2n }),
      begin: (each) => {
        map(
          each,
          space,
          Array.from({ length: pages }, (_, n) => special[n] ?? usual(n)),
        );
        supervise(each, space);
      },
      behind: ({ hart }, cause) => (cause === breakpoint ? undefined : hart.pc + 4n),
      budgets,
    };
  };
  const same = (each: Case): readonly unknown[] => {
    const expected = story(reference, each);
    for (const [, tailCalls] of ways) expect(story(translator(tailCalls, 8), each)).toEqual(expected);
    return expected;
  };
  const ordinary = { offset: 64, step: 7, special: {}, budgets: [100_000, 100_000] };

  test('adds up right, and stays in translated code', () => {
    const body = `
      ld x5, 0(x20)
      add x10, x10, x5
      sd x10, 64(x20)
      ld x6, 72(x22)
      ld x7, 80(x22)
      mv x22, x20`;
    const each = walk({ ...ordinary, body });
    expect(same(each)).toMatchObject([{ exit: { trap: { cause: breakpoint } } }]);
    const subject = translator(true, 8);
    story(subject, each);
    expect(subject.hart.views.refills[0]).toBeGreaterThan(2n * BigInt(pages));
    expect(statistics(subject).translated).toBeGreaterThan(total(subject) - 200);
  });

  const missing = 1100;
  const readOnly = leafOf(5, V | R | A);
  test.each([
    ['a load where no page is', 'ld x5, 8(x20)', 0n, 13, 8n],
    ['two loads where no page is', 'ld x5, 16(x20)\nld x6, 8(x20)', 0n, 13, 16n],
    ['a store where no page is', 'sd x10, 8(x20)', 0n, 15, 8n],
    ['a store to a page to read', 'sw x10, 8(x20)', readOnly, 15, 8n],
    ['an AMO on a page to read', 'amoadd.d x5, x10, (x20)', readOnly, 15, 0n],
  ] as const)('traps where it should: %s', (_, body, pte, cause, by) => {
    const each = walk({ ...ordinary, body, special: { [missing]: pte }, budgets: [100_000] });
    const tval = virtual + BigInt(4096 * missing + ordinary.offset) + by;
    const length = 3 + body.split('\n').length;
    expect(same(each)).toMatchObject([
      {
        exit: { kind: 'trap', trap: { cause, tval } },
        retired: BigInt(2 + missing * length),
        pc: `0x${labelOf(loop(body), 'again').toString(16)}`,
      },
    ]);
  });

  const access = fc
    .tuple(
      fc.constantFrom('ld', 'lbu', 'lw', 'sd', 'sh', 'amoadd.d', 'fld', 'fsd'),
      fc.constantFrom('x20', 'x20', 'x22'),
      fc.integer({ min: -20, max: 20 }),
    )
    .map(([op, base, n]) => {
      if (op === 'amoadd.d') return `${op} x5, x10, (${base})`;
      return `${op} ${op.startsWith('f') ? 'f1' : op.startsWith('s') ? 'x10' : 'x5'}, ${n}(${base})\nadd x10, x10, x5`;
    });
  const walks: fc.Arbitrary<Walk> = fc.record({
    body: fc.array(access, { minLength: 1, maxLength: 4 }).map((each) => [...each, 'mv x22, x20'].join('\n')),
    offset: fc.constantFrom(0, 8, 64, 4080, 4088, 4095),
    step: fc.constantFrom(1, 3, 7),
    special: fc
      .array(
        fc.tuple(
          fc.integer({ min: 20, max: pages - 20 }),
          fc.constantFrom(0n, readOnly, leafOf(6, all & ~A), leafOf(9, all & ~D), leafOf(4)),
        ),
        { maxLength: 4 },
      )
      .map((each) => Object.fromEntries(each)),
    budgets: fc
      .array(fc.integer({ min: 1, max: 6000 }), { maxLength: 5 })
      .map((each) => [...each, ...times(50, 100_000)]),
  });

  test('does what the reference says, whatever it accesses and whatever pages there are', () => {
    fc.assert(
      fc.property(walks, (each) => {
        same(walk(each));
      }),
      { numRuns: 20 },
    );
  });
});

describe.each(ways)('a region that is entered often %s', (_, tailCalls) => {
  const threshold = 5;
  /** What makes it hot, and then makes it wide. */
  const often = threshold + 8 * threshold;

  test('is made anew once, when it was entered 8 times the threshold more, wherever the budget ended', () => {
    // The first and the second instruction and what they lead to are regions: each run counts where it begins.
    const start = program('addi x10, x10, 1\njal x1, next\nnext: add x11, x11, x10\nebreak', {});
    const [subject, expected] = [translator(tailCalls, threshold), reference];
    for (const each of [subject, expected]) prepare(each, start);
    for (let round = 1; round < 4 * often; round++) {
      for (const budget of [1, 1, 10]) {
        const [exit, right] = [subject.hart.run(budget), expected.hart.run(budget)];
        expect(outcome(subject, exit)).toEqual(outcome(expected, right));
      }
      for (const { hart } of [subject, expected]) hart.pc = codeBase;
      const made = Number(round >= threshold) + Number(round >= often);
      expect([round, statistics(subject).translations]).toEqual([round, 3 * made]);
    }
    expect(statistics(subject)).toMatchObject({ regions: 3 });
  });

  test('holds the function it calls from then on', () => {
    const source = `
      main:
        addi x10, x10, 1
        jal x1, function
        addi x31, x31, -1
        bnez x31, main
        ebreak
      function:
        add x11, x11, x10
        ret`;
    // The loop's first part is its own region, until what is behind the call is one.
    const after = (rounds: number) => {
      const each = { start: program(source, { 31: BigInt(rounds) }), budgets: [6 * rounds + 1] };
      const subject = translator(tailCalls, threshold);
      expect(story(subject, each)).toEqual(story(reference, each));
      const made = statistics(subject).translations;
      subject.core.physicalWrite(labelOf(source, 'function'), 4);
      return { made, withoutFunction: statistics(subject).regions };
    };
    expect(after(often - 1)).toEqual({ made: 3, withoutFunction: 2 });
    expect(after(often + 1)).toEqual({ made: 5, withoutFunction: 1 });
    expect(after(20 * often)).toEqual({ made: 5, withoutFunction: 1 });
  });
});
