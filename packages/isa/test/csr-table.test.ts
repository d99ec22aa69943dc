import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Csr,
  csrByNumber,
  csrNumber,
  csrSlots,
  csrTable,
  decodeCsr,
  describeCsrs,
  legalize,
  newCsrFile,
  resetCsrs,
  Slot,
  slotOf,
} from '../src/index.ts';
import { TestState } from './privileged-fixture.ts';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const ones = (1n << 64n) - 1n;
const stored = csrTable.filter(
  (row): row is Csr => row.kind === 'csr' && row.slot >= 0 && row.name !== 'mhartid',
);

/** Addresses as the specification's "Currently allocated RISC-V ... CSR addresses" tables list them. */
const listed: Record<string, number> = {
  fflags: 0x001,
  frm: 0x002,
  fcsr: 0x003,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  hpmcounter3: 0xc03,
  hpmcounter31: 0xc1f,
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  senvcfg: 0x10a,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mvendorid: 0xf11,
  marchid: 0xf12,
  mimpid: 0xf13,
  mhartid: 0xf14,
  mconfigptr: 0xf15,
  mstatus: 0x300,
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mcounteren: 0x306,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  menvcfg: 0x30a,
  pmpcfg0: 0x3a0,
  pmpcfg2: 0x3a2,
  pmpcfg14: 0x3ae,
  pmpaddr0: 0x3b0,
  pmpaddr15: 0x3bf,
  pmpaddr63: 0x3ef,
  mcycle: 0xb00,
  minstret: 0xb02,
  mhpmcounter3: 0xb03,
  mhpmcounter31: 0xb1f,
  mcountinhibit: 0x320,
  mhpmevent3: 0x323,
  mhpmevent31: 0x33f,
  tselect: 0x7a0,
  tdata1: 0x7a1,
};

/** What M-mode reads back after writing all ones, then after writing zero, from reset. */
const readBack: Record<string, readonly [ones: bigint, zero: bigint]> = {
  fcsr: [0xffn, 0n],
  fflags: [0x1fn, 0n],
  frm: [7n, 0n],
  stvec: [0xffff_ffff_ffff_fffcn, 0n],
  mtvec: [0xffff_ffff_ffff_fffcn, 0n],
  sepc: [0xffff_ffff_ffff_fffen, 0n],
  mepc: [0xffff_ffff_ffff_fffen, 0n],
  mcause: [ones, 0n],
  sscratch: [ones, 0n],
  mscratch: [ones, 0n],
  stval: [ones, 0n],
  mtval: [ones, 0n],
  stimecmp: [ones, 0n],
  scounteren: [0xffff_ffffn, 0n],
  mcounteren: [0xffff_ffffn, 0n],
  mcountinhibit: [5n, 0n],
  medeleg: [0xb3ffn, 0n],
  mideleg: [0x222n, 0n],
  mie: [0xaaan, 0n],
  mip: [0x222n, 0n],
  sie: [0n, 0n],
  sip: [0n, 0n],
  satp: [0n, 0n],
  menvcfg: [0xe000_0000_0000_00f1n, 0n],
  senvcfg: [0xf1n, 0n],
  misa: [0x8000_0000_0014_112fn, 0x8000_0000_0014_112fn],
  mstatus: [0x8000_000a_007e_79aan, 0x0000_000a_0000_0000n],
  sstatus: [0x8000_0002_000c_6122n, 0x0000_0002_0000_0000n],
  pmpcfg0: [0x9f9f_9f9f_9f9f_9f9fn, 0x9f9f_9f9f_9f9f_9f9fn],
  pmpcfg4: [0n, 0n],
  pmpaddr0: [0x3f_ffff_ffff_ffffn, 0n],
  pmpaddr16: [0n, 0n],
  mhpmcounter3: [0n, 0n],
  mhpmevent31: [0n, 0n],
  tselect: [0n, 0n],
  tdata1: [0n, 0n],
};

describe('the CSR table', () => {
  test('has the addresses of the specification', () => {
    for (const [name, number] of Object.entries(listed))
      expect([name, csrNumber(name)]).toEqual([name, number]);
  });

  test('has no number, name or slot twice, and slots are dense', () => {
    expect(new Set(csrTable.map((row) => row.number)).size).toBe(csrTable.length);
    expect(new Set(csrTable.map((row) => row.name)).size).toBe(csrTable.length);
    const slots = csrTable.flatMap((row) => (row.kind === 'csr' && row.slot >= 0 ? [row.slot] : []));
    expect(slots.sort((a, b) => a - b)).toEqual(Array.from({ length: csrSlots }, (_, i) => i));
  });

  test('gives no two fields of a CSR the same bit', () => {
    for (const row of csrTable) {
      const total = row.fields.reduce((sum, f) => sum + f.mask, 0n);
      expect(row.fields.reduce((any, f) => any | f.mask, 0n)).toBe(total);
    }
  });

  test.each([
    ['seed', 0x015],
    ['odd pmpcfg', 0x3a1],
    ['odd pmpcfg', 0x3af],
    ['mstatush', 0x310],
    ['hypervisor status', 0x600],
    ['vsstatus', 0x200],
    ['vector start', 0x008],
    ['time as machine counter', 0xb01],
    ['mcountinhibit neighbour', 0x321],
    ['mseccfg', 0x747],
    ['cycleh', 0xc80],
  ])('has no %s (%i)', (_, number) => expect(csrByNumber(number)).toBeUndefined());

  test('slotOf and Slot agree, and refuse what is not stored', () => {
    for (const [name, slot] of Object.entries(Slot)) expect(slotOf(name)).toBe(slot);
    expect(() => slotOf('sstatus')).toThrow(/no slot/);
    expect(() => slotOf('mstatuz')).toThrow(/no slot/);
    expect(() => csrNumber('mstatuz')).toThrow(/no CSR/);
  });

  test('reset leaves every CSR legal, ADUE set and the timer silent', () => {
    const file = newCsrFile();
    resetCsrs(file, { hartId: 7 });
    for (const row of stored) expect(legalize(row, row.reset, file.get(row.slot))).toBe(file.get(row.slot));
    expect(file.get(Slot.mhartid)).toBe(7n);
    expect(file.get(Slot.menvcfg)).toBe(1n << 61n);
    expect(file.get(Slot.stimecmp)).toBe(ones);
  });
});

describe('legalize', () => {
  test('is idempotent, and keeps what is legal already', () => {
    fc.assert(
      fc.property(fc.constantFrom(...stored), u64, u64, u64, (row, start, old, value) => {
        const before = legalize(row, legalize(row, row.reset, start), old);
        const once = legalize(row, before, value);
        expect(legalize(row, once, once)).toBe(once);
        expect(legalize(row, before, once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves read-only bits, and nothing outside the fields', () => {
    fc.assert(
      fc.property(fc.constantFrom(...stored), u64, u64, (row, old, value) => {
        const result = legalize(row, legalize(row, row.reset, old), value);
        for (const field of row.fields) {
          const got = (result & field.mask) >> BigInt(field.low);
          if (field.rule.kind === 'ro') expect(got).toBe(field.rule.value);
          if (field.rule.kind === 'oneOf') expect(field.rule.values).toContain(got);
        }
        const drawn = row.fields.reduce((any, f) => any | f.mask, 0n);
        expect(result & ~drawn).toBe(0n);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is written and read back, CSR by CSR', () => {
    for (const [name, [afterOnes, afterZero]] of Object.entries(readBack)) {
      const state = new TestState().set({ mstatus: 0x2000n });
      state.write(name, ones);
      expect([name, state.read(name)]).toEqual([name, afterOnes]);
      state.write(name, 0n);
      expect([name, state.read(name)]).toEqual([name, afterZero]);
    }
  });

  const written = (name: string, from: bigint, to: bigint): bigint | undefined =>
    new TestState()
      .set({ [name]: from })
      .set({ [name]: to })
      .read(name);

  test('reserved values keep the field: MPP, CBIE, tvec.MODE', () => {
    expect(written('mstatus', 3n << 11n, 2n << 11n)! & (3n << 11n)).toBe(3n << 11n);
    expect(written('mstatus', 0n, 2n << 11n)! & (3n << 11n)).toBe(0n);
    expect(written('menvcfg', 1n << 4n, (2n << 4n) | 1n)).toBe((1n << 4n) | 1n);
    expect(written('mtvec', 0x1001n, 0x2002n)).toBe(0x2001n);
    expect(written('stvec', 0x1000n, 0x2003n)).toBe(0x2000n);
  });

  test('an unsupported satp mode writes nothing', () => {
    const sv39 = (8n << 60n) | (0xffffn << 44n) | 0xfff_ffff_ffffn;
    for (let mode = 0n; mode < 16n; mode++) {
      const value = (mode << 60n) | 0x123n;
      expect(written('satp', sv39, value)).toBe([0n, 8n, 9n, 10n].includes(mode) ? value : sv39);
    }
  });

  test('PMP configuration: W without R loses W, bits 5 and 6 are zero, locked entries stay', () => {
    expect(written('pmpcfg0', 0n, 0x02n)).toBe(0n);
    expect(written('pmpcfg0', 0n, 0x06n)).toBe(4n);
    expect(written('pmpcfg0', 0n, 0x7f03n)).toBe(0x1f03n);
    expect(written('pmpcfg0', 0x99_00n, 0x0f_0fn)).toBe(0x99_0fn);
  });
});

describe('descriptions', () => {
  test('decodeCsr takes a value apart without losing a drawn bit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...csrTable), u64, (row, value) => {
        const parts = decodeCsr(row.number, value);
        const sum = parts.reduce((all, { field, value: v }) => {
          const drawn = row.fields.find((f) => f.name === field);
          return all | (v << BigInt(drawn?.low ?? 0));
        }, 0n);
        expect(sum).toBe(row.fields.reduce((all, f) => all | (value & f.mask), 0n));
      }),
    );
  });

  test('decodeCsr names the fields, highest first', () => {
    expect(decodeCsr(0x180, (8n << 60n) | (5n << 44n) | 0x80200n)).toEqual([
      { field: 'MODE', value: 8n },
      { field: 'ASID', value: 5n },
      { field: 'PPN', value: 0x80200n },
    ]);
    expect(decodeCsr(0x002, 3n)).toEqual([{ field: 'RM', value: 3n }]);
    expect(decodeCsr(0x7ff, 3n)).toEqual([]);
  });

  test('describeCsrs gives access and rules', () => {
    const of = (name: string) => describeCsrs().find((row) => row.name === name);
    expect(of('time')?.access).toBe('URO');
    expect(of('mhartid')?.access).toBe('MRO');
    expect(of('sstatus')).toMatchObject({ access: 'SRW', viewOf: 'mstatus' });
    expect(of('mstatus')?.fields).toContainEqual({ name: 'MPP', bits: '12:11', rule: 'one of 0, 1, 3' });
    expect(of('mstatus')?.fields).toContainEqual({ name: 'SXL', bits: '35:34', rule: 'always 2' });
    expect(describeCsrs()).toHaveLength(csrTable.length);
  });
});
