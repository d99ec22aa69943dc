import { describe, expect, test } from 'vitest';
import { engines, guest } from './guest.ts';
import { A, all, D, entry, G, leaf, mapPages, page, R, supervisor, tables, U, V, W, X } from './paging.ts';

const [s0, s1, s2, a0, a1] = [8, 9, 18, 10, 11];
const ecallFromS = 9n;
const [frameA, frameB, frameC] = [0x8005_0000, 0x8006_0000, 0x8007_0000];

describe.each(engines)('paging on the %s engine', (engine) => {
  test('misaligned accesses over a page boundary reach both frames', () => {
    const loads = ['lh', 'lhu', 'lw', 'lwu', 'ld'];
    for (const [i, load] of loads.entries()) {
      for (let before = 1; before < 8; before++) {
        const machine = guest(
          engine,
          supervisor(`li t0, ${page(1) - before}; ${load} a0, 0(t0); ld a1, 0(t0)`),
        );
        mapPages(machine, { 0: leaf(frameA, all), 1: leaf(frameC, all) });
        machine.write(frameA + 0xff8, 0x8786_8584_8382_8180n);
        machine.write(frameC, 0x8f8e_8d8c_8b8a_8988n);
        machine.finish();
        const bytes = Array.from({ length: 8 }, (_, k) => BigInt(0x80 + ((8 - before + k) & 0xff)));
        const pattern = bytes.reduce((sum, byte, k) => sum | (byte << BigInt(8 * k)), 0n);
        expect(machine.x(a1)).toBe(pattern);
        const size = [16, 16, 32, 32, 64][i]!;
        const low = BigInt.asUintN(size, pattern);
        const signed = [true, false, true, false, true][i]!;
        expect(machine.x(a0)).toBe(signed ? BigInt.asUintN(64, BigInt.asIntN(size, low)) : low);
      }
    }
  });

  // A fence clears the entries filled since the one before, one by one or all at once.
  test.each([1, 30, 100])('sfence.vma of everything forgets each of %i pages', (count) => {
    const touchAll = (label: string): string => `
      li t0, ${page(0)}
      li t1, ${count}
      li t2, 4096
    ${label}: ld t3, 0(t0)
      add a1, a1, t3
      add t0, t0, t2
      addi t1, t1, -1
      bnez t1, ${label}`;
    const body = `${touchAll('first')}
      mv a2, a1
      li t0, ${entry(0)}
      li t1, ${count}
      li t2, ${leaf(frameB, all)}
    2: sd t2, 0(t0)
      addi t0, t0, 8
      addi t1, t1, -1
      bnez t1, 2b
      sfence.vma
      li a1, 0${touchAll('second')}`;
    const machine = guest(engine, supervisor(body));
    mapPages(machine, Object.fromEntries(Array.from({ length: count }, (_, n) => [n, leaf(frameA, all)])));
    machine.write(frameA, 1n);
    machine.write(frameB, 5n);
    machine.finish();
    expect([machine.x(12), machine.x(a1)]).toEqual([BigInt(count), BigInt(5 * count)]);
  });

  test('misaligned stores over a page boundary reach both frames', () => {
    const body = `
      li t1, 0x1122334455667788
      li t0, ${page(1) - 3}
      sd t1, 0(t0)
      li t0, ${page(2) - 1}
      sw t1, 0(t0)`;
    const machine = guest(engine, supervisor(body));
    mapPages(machine, { 0: leaf(frameA, all), 1: leaf(frameC, all), 2: leaf(frameB, all) });
    machine.finish();
    expect(machine.read(frameA + 0xff8)).toBe(0x6677_8800_0000_0000n);
    expect(machine.read(frameC) & 0xff_ffff_ffffn).toBe(0x11_2233_4455n);
    expect(machine.read(frameC + 0xff8)).toBe(0x88n << 56n);
    expect(machine.read(frameB)).toBe(0x55_6677n);
  });

  test.each([
    ['load', 'ld a0, 0(t0)', 13n],
    ['store', 'sd t0, 0(t0)', 15n],
  ])('a %s whose second half faults changes nothing and names that half', (_name, access, cause) => {
    const machine = guest(engine, supervisor(`li t0, ${page(1) - 4}; li a0, 77; ${access}`));
    mapPages(machine, { 0: leaf(frameA, all) });
    machine.finish();
    expect([machine.x(s0), machine.x(s1)]).toEqual([cause, BigInt(page(1))]);
    expect(machine.read(frameA + 0xff8)).toBe(0n);
    expect(machine.x(a0)).toBe(77n);
  });

  test('a load whose first half faults names the access itself', () => {
    const machine = guest(engine, supervisor(`li t0, ${page(1) - 4}; ld a0, 0(t0)`));
    mapPages(machine, { 1: leaf(frameA, all) });
    machine.finish();
    expect([machine.x(s0), machine.x(s1)]).toEqual([13n, BigInt(page(1) - 4)]);
  });

  const addi42 = 0x02a0_0513n; // addi a0, zero, 42
  const ret = 0x8082n; // c.jr ra

  test('an instruction over a page boundary is fetched from both frames', () => {
    const machine = guest(engine, supervisor(`li t0, ${page(1) - 2}; jalr t0`));
    mapPages(machine, { 0: leaf(frameA, all), 1: leaf(frameC, all) });
    machine.write(frameA + 0xff8, (addi42 & 0xffffn) << 48n);
    machine.write(frameC, (addi42 >> 16n) | (ret << 16n));
    machine.finish();
    expect([machine.x(s0), machine.x(a0)]).toEqual([ecallFromS, 42n]);
  });

  test('when its second half faults epc is the instruction and tval that half', () => {
    const machine = guest(engine, supervisor(`li t0, ${page(1) - 2}; jalr t0`));
    mapPages(machine, { 0: leaf(frameA, all) });
    machine.write(frameA + 0xff8, (addi42 & 0xffffn) << 48n);
    machine.finish();
    expect([machine.x(s0), machine.x(s1), machine.x(s2)]).toEqual([
      12n,
      BigInt(page(1)),
      BigInt(page(1) - 2),
    ]);
  });

  test('its second half may change without the first', () => {
    const machine = guest(
      engine,
      supervisor(`
        li t0, ${page(1) - 2}
        jalr t0
        mv a1, a0
        li t1, ${page(2)}
        li t2, ${0x0070_0513 >> 16}
        sh t2, 0(t1)
        jalr t0`),
    );
    mapPages(machine, { 0: leaf(frameA, all), 1: leaf(frameC, all), 2: leaf(frameC, all) });
    machine.write(frameA + 0xff8, (addi42 & 0xffffn) << 48n);
    machine.write(frameC, (addi42 >> 16n) | (ret << 16n));
    machine.finish();
    expect([machine.x(a1), machine.x(a0)]).toEqual([42n, 7n]);
  });

  test('A and D are set by accesses when menvcfg.ADUE is on', () => {
    const machine = guest(
      engine,
      supervisor(`li t0, ${page(0)}; ld a0, 0(t0); li t0, ${page(1)}; sd a0, 0(t0)`),
    );
    mapPages(machine, { 0: leaf(frameA, V | R | W), 1: leaf(frameB, V | R | W), 2: leaf(frameC, V | R | W) });
    machine.finish();
    expect(machine.x(s0)).toBe(ecallFromS);
    expect([0, 1, 2].map((n) => machine.read(entry(n)) & (A | D))).toEqual([A, A | D, 0n]);
  });

  test('a page that was read first still gets its D bit from the first store', () => {
    const machine = guest(engine, supervisor(`li t0, ${page(0)}; ld a0, 0(t0); sd a0, 0(t0)`));
    mapPages(machine, { 0: leaf(frameA, V | R | W) });
    machine.finish();
    expect(machine.read(entry(0)) & (A | D)).toBe(A | D);
  });

  test.each([
    ['load from a page with A clear', V | R | W, 'ld a0, 0(t0)', 13n],
    ['store to a page with D clear', V | R | W | A, 'sd a0, 0(t0)', 15n],
  ])('%s faults when menvcfg.ADUE is off', (_name, bits, access, cause) => {
    const program = supervisor(`li t0, ${page(0)}; ${access}`);
    const machine = guest(engine, `li t0, 1 << 61; csrc 0x30a, t0;${program}`);
    mapPages(machine, { 0: leaf(frameA, bits) });
    machine.finish();
    expect([machine.x(s0), machine.x(s1)]).toEqual([cause, BigInt(page(0))]);
    expect(machine.read(entry(0))).toBe(leaf(frameA, bits));
  });

  const fence = (arguments_: string): string => `
    li t0, ${page(0)}
    ld a0, 0(t0)
    li t1, ${entry(0)}
    li t2, ${leaf(frameB, all)}
    sd t2, 0(t1)
    li t3, 5
    sfence.vma ${arguments_}
    ld a1, 0(t0)`;

  test.each(['', 't0', 'zero, zero', 't0, zero', 'zero, t3', 't0, t3'])(
    'sfence.vma %s shows a changed entry',
    (how) => {
      const withAsid = (text: string): string => text.replace('(8 << 60)', '(8 << 60) | (5 << 44)');
      const machine = guest(engine, withAsid(supervisor(fence(how))));
      mapPages(machine, { 0: leaf(frameA, all | G) });
      machine.write(entry(0), leaf(frameA, how.includes('t3') ? all : all | G));
      machine.write(frameA, 1n);
      machine.write(frameB, 2n);
      machine.finish();
      expect([machine.x(a0), machine.x(a1)]).toEqual([1n, 2n]);
    },
  );

  test('a fence of one address reaches the whole superpage it is in', () => {
    const second = page(512 + 3);
    const machine = guest(
      engine,
      supervisor(`
        li t0, ${second}
        ld a0, 0(t0)
        li t1, ${tables.middle + 8}
        sd zero, 0(t1)
        li t2, ${page(512)}
        sfence.vma t2
        ld a1, 0(t0)`),
    );
    mapPages(machine, {});
    machine.write(tables.middle + 8, leaf(0x8000_0000, all));
    machine.write(0x8000_3000, 5n);
    machine.finish();
    expect([machine.x(a0), machine.x(s0), machine.x(s1)]).toEqual([5n, 13n, BigInt(second)]);
  });

  test('address spaces with their own ASID keep apart, without fences', () => {
    const other = 0x8008_0000;
    const satp = (asid: number, root: number): string => `((8 << 60) | (${asid} << 44) | (${root} >> 12))`;
    const machine = guest(
      engine,
      supervisor(`
        li t0, ${page(0)}
        li t1, ${satp(1, tables.root)}
        li t2, ${satp(2, other)}
        csrw satp, t1
        ld a0, 0(t0)
        csrw satp, t2
        ld a1, 0(t0)
        csrw satp, t1
        ld a2, 0(t0)`),
    );
    mapPages(machine, { 0: leaf(frameA, all) });
    for (const at of [0, 16]) machine.write(other + at, machine.read(tables.root + at));
    machine.write(other + 8, ((BigInt(other) + 0x1000n) >> 2n) | V);
    machine.write(other + 0x1000, ((BigInt(other) + 0x2000n) >> 2n) | V);
    machine.write(other + 0x2000, leaf(frameB, all));
    machine.write(frameA, 1n);
    machine.write(frameB, 2n);
    machine.finish();
    expect([10, 11, 12].map(machine.x)).toEqual([1n, 2n, 1n]);
  });

  test('more fences than there are context numbers leave translation right', () => {
    const machine = guest(
      engine,
      supervisor(`
        li t3, 5000
        li t0, ${page(0)}
      1:
        sfence.vma
        ld t1, 0(t0)
        add a0, a0, t1
        addi t3, t3, -1
        bnez t3, 1b`),
    );
    mapPages(machine, { 0: leaf(frameA, all) });
    machine.write(frameA, 3n);
    machine.finish();
    expect([machine.x(s0), machine.x(a0)]).toEqual([ecallFromS, 15000n]);
  });

  test('SUM and MXR change what loads may do at once', () => {
    const machine = guest(
      engine,
      supervisor(
        `
        li t0, ${page(0)}
        li t1, ${page(1)}
        li t2, 1 << 18
        li t3, 1 << 19
        csrs sstatus, t2
        ld a0, 0(t0)
        csrs sstatus, t3
        ld a1, 0(t1)
        csrc sstatus, t3
        csrc sstatus, t2
        ld a2, 0(t0)`,
      ),
    );
    mapPages(machine, { 0: leaf(frameA, all | U), 1: leaf(frameB, V | X | A) });
    machine.write(frameA, 1n);
    machine.write(frameB, 2n);
    machine.finish();
    expect([machine.x(a0), machine.x(a1)]).toEqual([1n, 2n]);
    expect([machine.x(s0), machine.x(s1)]).toEqual([13n, BigInt(page(0))]);
  });

  test('MPRV lends M-mode loads the translation of MPP, fetches stay', () => {
    const handler = `
      csrr s0, mcause
      li t1, (3 << 11)
      csrc mstatus, t1
      li t1, (1 << 17) | (1 << 11)
      csrs mstatus, t1
      li t0, ${page(0)}
      ld a1, 0(t0)
      li t1, 1 << 17
      csrc mstatus, t1`;
    const machine = guest(engine, supervisor('', handler));
    mapPages(machine, { 0: leaf(frameA, all) });
    machine.write(frameA, 99n);
    machine.finish();
    expect([machine.x(s0), machine.x(a1)]).toEqual([ecallFromS, 99n]);
  });
});

describe('accesses that share nothing with others', () => {
  const second = { root: 0x8004_3000, middle: 0x8004_4000, leaves: 0x8004_5000 } as const;
  const satp = (asid: number): bigint =>
    (8n << 60n) | (BigInt(asid) << 44n) | BigInt((asid % 2 ? second.root : tables.root) >>> 12);
  const spaces = 18;

  /** Calls `body` in one space after the other, a1 so many bytes in front of a page, its pages in the TLB: as this space or as the next one has them. */
  const everywhere = (body: string, warmIn: 0 | 1): string => {
    const enter = (asid: number): string => `li t0, ${satp(asid)}\ncsrw satp, t0\n`;
    const warm = Array.from({ length: 4 }, (_, n) => `li t0, ${page(n)}\nld t1, 0(t0)\nsd t1, 0(t0)\n`).join(
      '',
    );
    const visit = (asid: number): string =>
      Array.from(
        { length: 8 },
        (_, before) =>
          `${enter(asid + warmIn)}${warm}${enter(asid)}li a1, ${page(1) - before}\njal ra, visit\n`,
      ).join('');
    const first = Array.from({ length: spaces + 1 }, (_, asid) => `${enter(asid)}${warm}`).join('');
    const visits = Array.from({ length: spaces }, (_, asid) => visit(asid)).join('');
    return `${first}${visits}ecall\nvisit:\n${body}\nret`;
  };

  /** What the program leaves in a0 and in the frames. */
  function left(engine: (typeof engines)[number], program: string): bigint[] {
    const machine = guest(engine, supervisor(program));
    const frames = [frameA, frameC, frameB, 0x8008_0000];
    const mapped = (order: readonly number[]): Record<number, bigint> =>
      Object.fromEntries(order.map((frame, n) => [n, leaf(frame, all)]));
    mapPages(machine, mapped(frames));
    mapPages(machine, mapped(frames.toReversed()), second);
    const places = frames.flatMap((frame) => [
      frame - 8,
      frame,
      frame + 0xff0,
      frame + 0xff8,
      frame + 0x1000,
    ]);
    for (const [n, place] of places.entries())
      machine.write(place, 0x0123_4567_89ab_cdefn * BigInt(2 * n + 1));
    machine.finish();
    return [machine.x(s0), machine.x(a0), ...places.map(machine.read)];
  }

  const fold = 'slli t2, a0, 7\nxor a0, a0, t2\nsrli t2, a0, 9\nxor a0, a0, t2';
  const once = (access: string): string => `${access}\n${fold}`;
  const inLoop = (access: string, rounds: number, step: string): string =>
    `li a2, ${rounds}\n1: ${once(access)}\n${step}\naddi a2, a2, -1\nbnez a2, 1b`;
  const inLongStrides = (access: string): string =>
    inLoop(access, 2, 'addi a1, a1, 2047\naddi a1, a1, 2047\naddi a1, a1, 2');
  const inShortStrides = (access: string): string => inLoop(access, 9, 'addi a1, a1, 1');
  const loads = ['lh', 'lw', 'ld'].map((load) => `${load} t1, 0(a1)\nadd a0, a0, t1`);
  const stores = ['sh', 'sw', 'sd'].map((store) => `addi a0, a0, 77\n${store} a0, 0(a1)`);

  describe.each(['interpreter', 'translator'] as const)('on the %s engine', (engine) => {
    test.each([...loads, ...stores])('%s: is one of its own pages, in whatever space', (access) => {
      for (const shape of [once, inLongStrides, inShortStrides])
        for (const warmIn of [0, 1] as const) {
          const program = everywhere(shape(access), warmIn);
          expect(left(engine, program)).toEqual(left('reference', program));
        }
    });
  });
});
