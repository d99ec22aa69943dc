/**
 * The control and status registers: Privileged Architecture, "CSR Listing" and the sections of the registers. What a read
 * adds (counters, wires) and who may touch what is beside the table, in access.ts and permission.ts.
 */
import {
  type Bits,
  type Csr,
  type CsrRow,
  csr,
  derived,
  maskOf,
  oneOf,
  ro,
  rw,
  slotCount,
  view,
} from './fields.ts';

const full = { value: rw(63, 0) };
const shown = { value: derived(63, 0) };
const nothing = { value: ro(63, 0) };
const notStored = { stored: false } as const;

/** A register that reads as a constant and ignores writes. */
const constant = (number: number, name: string, value = 0n): Csr =>
  csr(number, name, { value: ro(63, 0, value) }, notStored);

const each = <T>(from: number, to: number, row: (n: number) => T): T[] =>
  Array.from({ length: to - from + 1 }, (_, i) => row(from + i));

// Floating point ("Floating-Point Control and Status Register").
export const fcsr = csr(0x003, 'fcsr', {
  NX: rw(0),
  UF: rw(1),
  OF: rw(2),
  DZ: rw(3),
  NV: rw(4),
  RM: rw(7, 5),
});
export const fflags = view(0x001, 'fflags', fcsr, ['NX', 'UF', 'OF', 'DZ', 'NV']);
export const frm = view(0x002, 'frm', fcsr, ['RM'], 5);

// Machine status ("Machine Status Registers"): little-endian only, no vectors, XLEN 64 everywhere.
export const mstatus = csr(0x300, 'mstatus', {
  SIE: rw(1),
  MIE: rw(3),
  SPIE: rw(5),
  UBE: ro(6),
  MPIE: rw(7),
  SPP: rw(8),
  VS: ro(10, 9),
  MPP: oneOf(12, 11, 0n, 1n, 3n),
  FS: rw(14, 13),
  XS: ro(16, 15),
  MPRV: rw(17),
  SUM: rw(18),
  MXR: rw(19),
  TVM: rw(20),
  TW: rw(21),
  TSR: rw(22),
  UXL: ro(33, 32, 2n),
  SXL: ro(35, 34, 2n),
  SBE: ro(36),
  MBE: ro(37),
  SD: derived(63),
});
const visibleToSupervisor = ['SIE', 'SPIE', 'UBE', 'SPP', 'VS', 'FS', 'XS', 'SUM', 'MXR', 'UXL', 'SD'];
export const sstatus = view(0x100, 'sstatus', mstatus, visibleToSupervisor);

// RV64 with A, B, C, D, F, I, M, S, U; nothing can be switched off ("Machine ISA Register").
const extensionBits = [...'ABCDFIMSU'].reduce(
  (set, letter) => set | (1n << BigInt(letter.charCodeAt(0) - 65)),
  0n,
);
export const misa = csr(
  0x301,
  'misa',
  { Extensions: ro(25, 0, extensionBits), MXL: ro(63, 62, 2n) },
  notStored,
);

// Delegation. An ecall from M-mode cannot be delegated, and only supervisor interrupts can.
export const medeleg = csr(0x302, 'medeleg', {
  exceptions: rw(9, 0),
  pageFaults: rw(13, 12),
  storePageFault: rw(15),
});
export const mideleg = csr(0x303, 'mideleg', { SSI: rw(1), STI: rw(5), SEI: rw(9) });

// Interrupts. The slot of mip holds the bits software wrote; wires and timers are added on reading.
const supervisorInterrupts = ['SSI', 'STI', 'SEI'];
export const mie = csr(0x304, 'mie', {
  SSI: rw(1),
  MSI: rw(3),
  STI: rw(5),
  MTI: rw(7),
  SEI: rw(9),
  MEI: rw(11),
});
export const mip = csr(0x344, 'mip', {
  SSI: rw(1),
  MSI: derived(3),
  STI: rw(5),
  MTI: derived(7),
  SEI: rw(9),
  MEI: derived(11),
});
export const sie = view(0x104, 'sie', mie, supervisorInterrupts);
export const sip = view(0x144, 'sip', mip, supervisorInterrupts);

// Trap handling. MODE 2 and 3 are reserved: writing them keeps the mode.
const trapVector = { MODE: oneOf(1, 0, 0n, 1n), BASE: rw(63, 2) };
const exceptionPc = { pc: rw(63, 1) };
const causeFields = { Code: rw(62, 0), Interrupt: rw(63) };
export const mtvec = csr(0x305, 'mtvec', trapVector);
export const mscratch = csr(0x340, 'mscratch', full);
export const mepc = csr(0x341, 'mepc', exceptionPc);
export const mcause = csr(0x342, 'mcause', causeFields);
export const mtval = csr(0x343, 'mtval', full);
export const stvec = csr(0x105, 'stvec', trapVector);
export const sscratch = csr(0x140, 'sscratch', full);
export const sepc = csr(0x141, 'sepc', exceptionPc);
export const scause = csr(0x142, 'scause', causeFields);
export const stval = csr(0x143, 'stval', full);

// Environment configuration. ADUE resets to 1: page walks set A and D themselves until software asks for faults.
const environment = { FIOM: rw(0), CBIE: oneOf(5, 4, 0n, 1n, 3n), CBCFE: rw(6), CBZE: rw(7) };
export const menvcfg = csr(
  0x30a,
  'menvcfg',
  { ...environment, ADUE: rw(61), PBMTE: rw(62), STCE: rw(63) },
  { reset: 1n << 61n },
);
export const senvcfg = csr(0x10a, 'senvcfg', environment);

// Counters ("Hardware Performance Monitor", "Machine Counter-Inhibit CSR"): see counters.ts for what the slots hold.
const counterBits: Record<string, Bits> = { CY: rw(0), TM: rw(1), IR: rw(2), HPM: rw(31, 3) };
export const mcounteren = csr(0x306, 'mcounteren', counterBits);
export const scounteren = csr(0x106, 'scounteren', counterBits);
export const mcountinhibit = csr(0x320, 'mcountinhibit', { CY: rw(0), IR: rw(2), HPM: ro(31, 3) });
export const mcycle = csr(0xb00, 'mcycle', full);
export const minstret = csr(0xb02, 'minstret', full);
export const cycle = csr(0xc00, 'cycle', shown, notStored);
export const time = csr(0xc01, 'time', shown, notStored);
export const instret = csr(0xc02, 'instret', shown, notStored);

/** Never fires until software writes it. */
export const stimecmp = csr(0x14d, 'stimecmp', full, { reset: (1n << 64n) - 1n });

// Address translation ("Supervisor Address Translation and Protection Register"): an unsupported MODE writes nothing.
const translationModes = [0n, 8n, 9n, 10n];
export const satp = csr(
  0x180,
  'satp',
  { PPN: rw(43, 0), ASID: rw(59, 44), MODE: rw(63, 60) },
  { together: (old, value) => (translationModes.includes(value >> 60n) ? value : old) },
);

export const mhartid = csr(0xf14, 'mhartid', shown);

/** Physical memory protection entries that can be used; up to 64 more exist and read as zero. */
export const pmpEntries = 16;
const pmpEntriesListed = 64;

const pmpConfigFields = (register: number): Record<string, Bits> => {
  const fields: Record<string, Bits> = {};
  for (let i = 0; i < 8; i++) {
    const [name, low] = [`pmp${register * 4 + i}`, i * 8];
    fields[`${name}.R`] = rw(low);
    fields[`${name}.W`] = rw(low + 1);
    fields[`${name}.X`] = rw(low + 2);
    fields[`${name}.A`] = rw(low + 4, low + 3);
    fields[`${name}.L`] = rw(low + 7);
  }
  return fields;
};

const everyByte = (byte: bigint): bigint => byte * 0x0101_0101_0101_0101n;

/** A locked entry keeps its byte; W without R is reserved and loses W. */
const pmpConfigTogether = (old: bigint, value: bigint): bigint => {
  const readable = value & everyByte(0x01n);
  const writable = value & everyByte(0x02n) & (readable << 1n);
  const legal = (value & ~everyByte(0x02n)) | writable;
  const locked = ((old & everyByte(0x80n)) >> 7n) * 0xffn;
  return (old & locked) | (legal & ~locked);
};

// On RV64 the odd-numbered configuration registers do not exist.
export const pmpcfg: readonly Csr[] = each(0, 7, (i) =>
  i * 8 < pmpEntries
    ? csr(0x3a0 + 2 * i, `pmpcfg${2 * i}`, pmpConfigFields(2 * i), { together: pmpConfigTogether })
    : constant(0x3a0 + 2 * i, `pmpcfg${2 * i}`),
);
export const pmpaddr: readonly Csr[] = each(0, pmpEntriesListed - 1, (i) =>
  i < pmpEntries ? csr(0x3b0 + i, `pmpaddr${i}`, { address: rw(53, 0) }) : constant(0x3b0 + i, `pmpaddr${i}`),
);

const identity = [
  constant(0xf11, 'mvendorid'),
  constant(0xf12, 'marchid'),
  constant(0xf13, 'mimpid'),
  constant(0xf15, 'mconfigptr'),
];

const unusedCounters = each(3, 31, (n) => [
  csr(0xc00 + n, `hpmcounter${n}`, nothing, notStored),
  csr(0xb00 + n, `mhpmcounter${n}`, nothing, notStored),
  csr(0x320 + n, `mhpmevent${n}`, nothing, notStored),
]).flat();

// No triggers: tselect stays 0, and the trigger it selects has type 0 and says so ("Trigger Module", debug specification).
const triggers = [
  constant(0x7a0, 'tselect'),
  constant(0x7a1, 'tdata1'),
  constant(0x7a2, 'tdata2'),
  constant(0x7a3, 'tdata3'),
  constant(0x7a4, 'tinfo', 1n),
];

const rows: readonly CsrRow[] = [
  [fflags, frm, fcsr, cycle, time, instret],
  [sstatus, sie, stvec, scounteren, senvcfg, sscratch, sepc, scause, stval, sip, stimecmp, satp],
  [mhartid, mstatus, misa, medeleg, mideleg, mie, mtvec, mcounteren, menvcfg, mcountinhibit],
  [mscratch, mepc, mcause, mtval, mip, mcycle, minstret],
  [...identity, ...unusedCounters, ...triggers, ...pmpcfg, ...pmpaddr],
].flat();

/** Every CSR, by ascending number. */
export const csrTable: readonly CsrRow[] = [...rows].sort((a, b) => a.number - b.number);

/** How many 64-bit slots a CSR file has. */
export const csrSlots: number = slotCount();

const byNumber: readonly (CsrRow | undefined)[] = (() => {
  const table = new Array<CsrRow | undefined>(4096).fill(undefined);
  for (const row of csrTable) table[row.number] = row;
  return table;
})();
const byName: ReadonlyMap<string, CsrRow> = new Map(csrTable.map((row) => [row.name, row]));

/** The row of CSR `number` (0..4095), or undefined when there is none. */
export const csrByNumber = (number: number): CsrRow | undefined => byNumber[number];

/** The row of that name, or undefined. */
export const csrByName = (name: string): CsrRow | undefined => byName.get(name);

/** The number of the CSR of that name; asking for one that does not exist is a programming mistake. */
export function csrNumber(name: string): number {
  const row = byName.get(name);
  if (!row) throw new Error(`no CSR is called ${name}`);
  return row.number;
}

/** The slot in which the CSR of that name is stored; asking for one that is not stored is a programming mistake. */
export function slotOf(name: string): number {
  const row = byName.get(name);
  if (row?.kind !== 'csr' || row.slot < 0) throw new Error(`CSR ${name} has no slot`);
  return row.slot;
}

/** Masks of mstatus' fields, in place; an engine tests FS and a trap moves the others. */
export const Mstatus = {
  SIE: maskOf(mstatus, 'SIE'),
  MIE: maskOf(mstatus, 'MIE'),
  SPIE: maskOf(mstatus, 'SPIE'),
  MPIE: maskOf(mstatus, 'MPIE'),
  SPP: maskOf(mstatus, 'SPP'),
  MPP: maskOf(mstatus, 'MPP'),
  FS: maskOf(mstatus, 'FS'),
  MPRV: maskOf(mstatus, 'MPRV'),
  SUM: maskOf(mstatus, 'SUM'),
  MXR: maskOf(mstatus, 'MXR'),
  TVM: maskOf(mstatus, 'TVM'),
  TW: maskOf(mstatus, 'TW'),
  TSR: maskOf(mstatus, 'TSR'),
  SD: maskOf(mstatus, 'SD'),
} as const;

/** Masks of menvcfg's fields, in place; the low four are senvcfg's too. */
export const Envcfg = {
  FIOM: maskOf(menvcfg, 'FIOM'),
  CBIE: maskOf(menvcfg, 'CBIE'),
  CBCFE: maskOf(menvcfg, 'CBCFE'),
  CBZE: maskOf(menvcfg, 'CBZE'),
  ADUE: maskOf(menvcfg, 'ADUE'),
  PBMTE: maskOf(menvcfg, 'PBMTE'),
  STCE: maskOf(menvcfg, 'STCE'),
} as const;

/** Masks of mie's and mip's bits. */
export const Mip = {
  SSI: maskOf(mip, 'SSI'),
  MSI: maskOf(mip, 'MSI'),
  STI: maskOf(mip, 'STI'),
  MTI: maskOf(mip, 'MTI'),
  SEI: maskOf(mip, 'SEI'),
  MEI: maskOf(mip, 'MEI'),
} as const;

/** Slots of the CSRs that engines and monitors look at directly. */
export const Slot = {
  fcsr: fcsr.slot,
  mstatus: mstatus.slot,
  medeleg: medeleg.slot,
  mideleg: mideleg.slot,
  mie: mie.slot,
  mip: mip.slot,
  mtvec: mtvec.slot,
  mscratch: mscratch.slot,
  mepc: mepc.slot,
  mcause: mcause.slot,
  mtval: mtval.slot,
  stvec: stvec.slot,
  sscratch: sscratch.slot,
  sepc: sepc.slot,
  scause: scause.slot,
  stval: stval.slot,
  menvcfg: menvcfg.slot,
  senvcfg: senvcfg.slot,
  mcounteren: mcounteren.slot,
  scounteren: scounteren.slot,
  mcountinhibit: mcountinhibit.slot,
  mcycle: mcycle.slot,
  minstret: minstret.slot,
  stimecmp: stimecmp.slot,
  satp: satp.slot,
  mhartid: mhartid.slot,
} as const;
