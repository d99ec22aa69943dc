import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csrTable, type Privilege, peekCsr, readCsr, Slot, Touched, writeCsr } from '../src/index.ts';
import { csrWord, illegalWith, TestState } from './privileged-fixture.ts';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const privileges: readonly Privilege[] = [0, 1, 3];
const FS = 3n << 13n;
const STCE = 1n << 63n;

describe('who may access a CSR', () => {
  test('the number says the lowest privilege and whether it can be written', () => {
    for (const row of csrTable) {
      for (const privilege of privileges) {
        const state = new TestState(privilege);
        state.set({ mstatus: FS, mcounteren: 0xffff_ffffn, scounteren: 0xffff_ffffn, menvcfg: STCE });
        const high = privilege >= ((row.number >> 8) & 3);
        expect([row.name, privilege, readCsr(state, row.number) !== undefined]).toEqual([
          row.name,
          privilege,
          high,
        ]);
        const writable = high && row.number >> 10 !== 3;
        expect([row.name, writeCsr(state, row.number, 0n) !== undefined]).toEqual([row.name, writable]);
      }
    }
  });

  test('a number without a row is illegal everywhere', () => {
    const present = new Set(csrTable.map((row) => row.number));
    const state = new TestState();
    for (let number = 0; number < 4096; number++) {
      if (present.has(number)) continue;
      expect(readCsr(state, number)).toBeUndefined();
      expect(writeCsr(state, number, 0n)).toBeUndefined();
      expect(peekCsr(state, number)).toBeUndefined();
    }
  });

  test('float CSRs need FS, in every mode', () => {
    for (const privilege of privileges)
      for (const name of ['fflags', 'frm', 'fcsr'])
        for (const fs of [0n, 1n, 2n, 3n]) {
          const state = new TestState(privilege).set({ mstatus: fs << 13n });
          expect(state.read(name) !== undefined).toBe(fs !== 0n);
          expect(state.write(name, 1n) !== undefined).toBe(fs !== 0n);
        }
  });

  test('counters: mcounteren for S, both for U, bit by bit', () => {
    for (let n = 0; n < 32; n++) {
      const number = 0xc00 + n;
      for (const [m, s] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        const state = new TestState().set({
          mcounteren: BigInt(m) << BigInt(n),
          scounteren: BigInt(s) << BigInt(n),
        });
        const open = privileges.map((p) => state.as(p, () => readCsr(state, number) !== undefined));
        expect(open).toEqual([m === 1 && s === 1, m === 1, true]);
      }
    }
  });

  test('stimecmp: S needs STCE and mcounteren.TM, M nothing, U never', () => {
    for (const stce of [0n, STCE])
      for (const tm of [0n, 2n]) {
        const state = new TestState().set({ menvcfg: stce, mcounteren: tm });
        const open = privileges.map((p) => state.as(p, () => state.read('stimecmp') !== undefined));
        expect(open).toEqual([false, stce !== 0n && tm !== 0n, true]);
      }
  });

  test('satp: TVM closes it to S, not to M', () => {
    const state = new TestState().set({ mstatus: 1n << 20n });
    expect(privileges.map((p) => state.as(p, () => state.read('satp')))).toEqual([undefined, undefined, 0n]);
    expect(state.as(1, () => state.write('satp', 0n))).toBeUndefined();
  });
});

describe('views', () => {
  const shown = 0x8000_0003_000d_e762n;

  test('sstatus is mstatus through a mask, for reads and writes', () => {
    fc.assert(
      fc.property(u64, u64, (first, second) => {
        const state = new TestState().set({ mstatus: first });
        expect(state.read('sstatus')).toBe(state.read('mstatus')! & shown);
        const before = state.read('mstatus')!;
        state.write('sstatus', second);
        const direct = new TestState()
          .set({ mstatus: before })
          .set({ mstatus: (before & ~shown) | (second & shown) });
        expect(state.read('mstatus')).toBe(direct.read('mstatus'));
      }),
    );
  });

  test('SD follows FS', () => {
    for (const fs of [0n, 1n, 2n, 3n]) {
      const state = new TestState().set({ mstatus: (fs << 13n) | (1n << 63n) });
      expect(state.read('mstatus')! >> 63n).toBe(fs === 3n ? 1n : 0n);
      expect(state.read('sstatus')! >> 63n).toBe(fs === 3n ? 1n : 0n);
    }
  });

  test('fcsr, fflags and frm are one register, and writing it makes FS dirty', () => {
    const state = new TestState().set({ mstatus: 1n << 13n });
    expect(state.read('fcsr')).toBe(0n);
    expect(state.read('mstatus')! & FS).toBe(1n << 13n);
    expect(state.write('frm', 5n)! & Touched.float).toBe(Touched.float);
    expect(state.read('mstatus')! & FS).toBe(FS);
    state.write('fflags', 0x3fn);
    expect(state.read('fcsr')).toBe(0xbfn);
    state.write('fcsr', 0x141n);
    expect([state.read('frm'), state.read('fflags'), state.csrs.get(Slot.fcsr)]).toEqual([2n, 1n, 0x41n]);
  });

  test('sie and sip show and change what is delegated', () => {
    fc.assert(
      fc.property(u64, u64, u64, u64, u64, (mideleg, mie, mip, lines, value) => {
        const state = new TestState(1).set({ mideleg, mie, mip });
        state.now.lines = lines;
        const delegated = mideleg & 0x222n;
        const pending = (mip & 0x222n) | (lines & 0xa88n);
        expect(state.read('sie')).toBe(mie & delegated);
        expect(state.read('sip')).toBe(pending & delegated);
        state.write('sie', value);
        state.write('sip', value);
        expect(peekCsr(state, 0x304)).toBe((mie & 0xaaan & ~delegated) | (value & delegated));
        // Only SSIP can be written through sip.
        const ssip = delegated & 2n;
        expect(peekCsr(state, 0x344)).toBe((pending & ~ssip) | (value & ssip));
      }),
    );
  });
});

describe('mip', () => {
  test('the wires cannot be written, and SEIP is wire or software', () => {
    const state = new TestState();
    state.now.lines = 0x888n;
    state.write('mip', 0n);
    expect(state.read('mip')).toBe(0x888n);
    state.write('mip', 0x200n);
    expect(state.read('mip')).toBe(0xa88n);
    state.now.lines = 0x200n;
    state.write('mip', 0n);
    expect(state.read('mip')).toBe(0x200n);
    state.now.lines = 0n;
    expect(state.read('mip')).toBe(0n);
  });

  test("csrrs reads SEIP with the wire but does not make it software's", () => {
    const state = new TestState();
    state.now.lines = 0x200n;
    expect(state.execute(csrWord('csrrs', 1, 'mip', 2), { rs1: 2n })).toMatchObject({
      kind: 'retire',
      rd: 0x200n,
    });
    state.now.lines = 0n;
    expect(state.read('mip')).toBe(2n);
  });

  test('software bits ignore software lines of the wrong kind', () => {
    const state = new TestState();
    state.now.lines = (1n << 64n) - 1n;
    expect(state.read('mip')).toBe(0xa88n);
  });

  test("with Sstc STIP is time >= stimecmp, unsigned and read-only; without, software's", () => {
    const state = new TestState().set({ menvcfg: STCE, stimecmp: 1n << 63n });
    state.now.time = (1n << 63n) - 1n;
    expect(state.read('mip')).toBe(0n);
    state.now.time++;
    expect(state.read('mip')).toBe(0x20n);
    state.write('mip', 0n);
    expect(state.read('mip')).toBe(0x20n);
    expect(state.write('stimecmp', (1n << 64n) - 1n)).toBe(Touched.interrupts);
    expect(state.read('mip')).toBe(0n);
    state.write('mip', 0x20n);
    expect(state.read('mip')).toBe(0n);
    expect(state.write('menvcfg', 0n)! & Touched.interrupts).not.toBe(0);
    state.set({ stimecmp: 0n });
    expect(state.read('mip')).toBe(0n);
    state.write('mip', 0x20n);
    expect(state.read('mip')).toBe(0x20n);
  });
});

describe('counters', () => {
  const bump = (state: TestState, by: bigint): void => {
    state.now.retired += by;
    state.now.cycles += by;
  };

  test.each([
    ['mcycle', 'cycle'],
    ['minstret', 'instret'],
  ])('%s: the next instruction reads what was written', (name, user) => {
    fc.assert(
      fc.property(u64, fc.bigInt(0n, 1n << 40n), fc.bigInt(0n, 1n << 40n), (value, start, later) => {
        const state = new TestState();
        bump(state, start);
        expect(state.read(name)).toBe(start);
        state.execute(csrWord('csrrw', 0, name, 1), { rs1: value });
        expect(state.read(name)).toBe(value);
        bump(state, later);
        expect(state.read(name)).toBe(BigInt.asUintN(64, value + later));
        expect(state.read(user)).toBe(state.read(name));
      }),
    );
  });

  test.each([
    ['mcycle', 1n, 'minstret'],
    ['minstret', 4n, 'mcycle'],
  ])('mcountinhibit stops %s alone', (name, bit, other) => {
    const state = new TestState();
    bump(state, 100n);
    state.execute(csrWord('csrrw', 0, 'mcountinhibit', 1), { rs1: bit });
    expect(state.read(name)).toBe(101n);
    bump(state, 50n);
    expect([state.read(name), state.read(other)]).toEqual([101n, 151n]);
    state.execute(csrWord('csrrw', 0, name, 1), { rs1: 7n });
    expect(state.read(name)).toBe(7n);
    bump(state, 9n);
    state.execute(csrWord('csrrw', 0, 'mcountinhibit', 1), { rs1: 0n });
    expect(state.read(name)).toBe(7n);
    bump(state, 3n);
    expect([state.read(name), state.read(other)]).toEqual([10n, 165n]);
  });

  test("time is the machine's", () => {
    const state = new TestState();
    state.now.time = 0x1234_5678_9abc_def0n;
    expect(state.read('time')).toBe(0x1234_5678_9abc_def0n);
  });

  test("mhartid is the hart's", () => expect(new TestState().read('mhartid')).toBe(5n));
});

describe('PMP locks', () => {
  test('a locked entry keeps its address, a locked TOR entry the one below too', () => {
    const state = new TestState().set({ pmpaddr0: 10n, pmpaddr1: 20n, pmpaddr2: 30n });
    state.set({ pmpcfg0: 0x8f_00n });
    state.set({ pmpaddr0: 99n, pmpaddr1: 99n, pmpaddr2: 99n });
    expect(['pmpaddr0', 'pmpaddr1', 'pmpaddr2'].map((n) => state.read(n))).toEqual([10n, 20n, 99n]);
    const napot = new TestState().set({ pmpaddr0: 10n, pmpaddr1: 20n, pmpcfg0: 0x9f_00n });
    napot.set({ pmpaddr0: 99n, pmpaddr1: 99n });
    expect(['pmpaddr0', 'pmpaddr1'].map((n) => napot.read(n))).toEqual([99n, 20n]);
    const acrossRegisters = new TestState().set({ pmpaddr7: 10n, pmpaddr8: 20n, pmpcfg2: 0x8fn });
    acrossRegisters.set({ pmpaddr7: 99n });
    expect(acrossRegisters.read('pmpaddr7')).toBe(10n);
  });

  test('the last usable entry and the read-only ones above accept writes silently', () => {
    const state = new TestState();
    for (let i = 0; i < 64; i++) {
      expect(state.write(`pmpaddr${i}`, 5n)).not.toBeUndefined();
      expect(state.read(`pmpaddr${i}`)).toBe(i < 16 ? 5n : 0n);
    }
  });
});

describe('what a write touches', () => {
  const { translation, pmp, interrupts, float } = Touched;
  test.each([
    ['mstatus', 1n << 17n, translation],
    ['mstatus', 3n << 11n, translation],
    ['mstatus', 1n << 18n, translation],
    ['mstatus', 1n << 19n, translation],
    ['mstatus', 8n, interrupts],
    ['sstatus', 2n, interrupts],
    ['mstatus', FS, float],
    ['mstatus', 1n << 21n, 0],
    ['menvcfg', (1n << 61n) | STCE, interrupts],
    ['menvcfg', 3n << 61n, translation],
    ['satp', 8n << 60n, translation],
    ['mie', 2n, interrupts],
    ['mip', 2n, interrupts],
    ['mideleg', 2n, interrupts],
    ['sie', 2n, interrupts],
    ['sip', 2n, interrupts],
    ['pmpcfg0', 1n, pmp],
    ['pmpcfg2', 1n, pmp],
    ['pmpaddr15', 1n, pmp],
    ['mscratch', 1n, 0],
    ['medeleg', 1n, 0],
  ])('%s = %i', (name, value, touched) => expect(new TestState().write(name, value)).toBe(touched));
});

describe('Zicsr', () => {
  test('csrrw to x0 does not read, csrrs and csrrc of x0 or 0 do not write', () => {
    const state = new TestState().set({ mscratch: 0xf0n });
    expect(state.execute(csrWord('csrrw', 0, 'mscratch', 1), { rs1: 0xffn })).toEqual({
      kind: 'retire',
      rd: undefined,
      touched: 0,
    });
    for (const name of ['csrrs', 'csrrc', 'csrrsi', 'csrrci'] as const) {
      expect(state.execute(csrWord(name, 3, 'mhartid', 0))).toEqual({ kind: 'retire', rd: 5n, touched: 0 });
      const word = csrWord(name, 3, 'mhartid', 1);
      expect(state.execute(word, { rs1: 0n })).toEqual(illegalWith(word));
    }
    for (const name of ['csrrw', 'csrrwi'] as const) {
      const word = csrWord(name, 0, 'mhartid', 0);
      expect(state.execute(word)).toEqual(illegalWith(word));
    }
  });

  test.each([
    ['csrrw', 0x35n],
    ['csrrs', 0xf5n],
    ['csrrc', 0xc0n],
    ['csrrwi', 0x15n],
    ['csrrsi', 0xf5n],
    ['csrrci', 0xe0n],
  ] as const)('%s', (name, after) => {
    const state = new TestState().set({ mscratch: 0xf0n });
    const source = name.endsWith('i') ? 0x15 : 9;
    expect(state.execute(csrWord(name, 9, 'mscratch', source), { rs1: 0x35n })).toMatchObject({ rd: 0xf0n });
    expect(state.read('mscratch')).toBe(after);
  });

  test('uimm is unsigned, and a write of 0 by csrrwi happens', () => {
    const state = new TestState().set({ mscratch: 7n });
    state.execute(csrWord('csrrwi', 0, 'mscratch', 31));
    expect(state.read('mscratch')).toBe(31n);
    state.execute(csrWord('csrrwi', 0, 'mscratch', 0));
    expect(state.read('mscratch')).toBe(0n);
  });

  test('an illegal access changes nothing', () => {
    const state = new TestState(1).set({ mscratch: 7n });
    const word = csrWord('csrrw', 1, 'mscratch', 1);
    expect(state.execute(word, { rs1: 1n })).toEqual(illegalWith(word));
    expect(peekCsr(state, 0x340)).toBe(7n);
  });
});
