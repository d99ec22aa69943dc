import { createHash } from 'node:crypto';
import {
  baseInstructions,
  compressedInstructions,
  csrSlots,
  decode,
  type Instruction,
  Mstatus,
  Slot,
} from '@trapline/isa';
import fc from 'fast-check';
import {
  type Core,
  type CoreOptions,
  createCore,
  type EngineName,
  type Exit,
  type Hart,
  type HartState,
} from '../src/index.ts';

/** A hart of each engine, given the same state and asked for the same runs. */

export const ramBase = 0x8000_0000n;
export const ramBytes = 64 * 1024;
/** Programs start here, in the middle of the RAM's first page of code. */
export const codeBase = ramBase + 0x4000n;
/** Loads and stores go near here: a page boundary. */
export const dataBase = ramBase + 0xa000n;

/** Registers and memory before a run. */
export interface Start {
  readonly x: readonly bigint[];
  readonly f: readonly bigint[];
  readonly fcsr: number;
  /** mstatus.FS, 0..3. */
  readonly floatState: number;
  readonly pc: bigint;
  readonly code: readonly number[];
  /** The program as bytes, instead of `code`. */
  readonly bytes?: Uint8Array;
}

export interface Subject {
  readonly engine: EngineName;
  readonly core: Core;
  readonly hart: Hart;
  readonly ram: Uint8Array;
  /** As the hart was made. */
  readonly fresh: HartState;
  readonly csrs: readonly bigint[];
}

/** The CSRs that no `Start` gives. */
const csrBank = ({ csrs }: Hart): bigint[] =>
  Array.from({ length: csrSlots }, (_, slot) =>
    slot === Slot.mstatus || slot === Slot.fcsr ? 0n : csrs.get(slot),
  );

export function subject(engine: EngineName, options: Partial<CoreOptions> = {}): Subject {
  // Everything is hot at once, so that even short programs are translated.
  const core = createCore({
    harts: 1,
    memoryBytes: ramBytes,
    engine,
    translator: { threshold: 1, batch: 1, unseen: true },
    ...options,
  });
  core.bus.addRam(Number(ramBase), ramBytes);
  const hart = core.createHart({ id: 0, delivery: 'host' });
  return { engine, core, hart, ram: core.ram(ramBase, ramBytes)!, fresh: hart.save(), csrs: csrBank(hart) };
}

/** Bytes of a program of 16- and 32-bit words. */
export function codeBytes(words: readonly number[]): Uint8Array {
  const bytes = words.flatMap((word) => {
    const low = [word & 0xff, (word >>> 8) & 0xff];
    return (word & 3) === 3 ? [...low, (word >>> 16) & 0xff, word >>> 24] : low;
  });
  return new Uint8Array(bytes);
}

/** Puts bytes into RAM as a device would. */
export function poke({ core, ram }: Subject, address: bigint, bytes: Uint8Array): void {
  ram.set(bytes, Number(address - ramBase));
  core.physicalWrite(address, bytes.length);
}

const dataBytes = 0x2000;
const pattern = Uint8Array.from({ length: ramBytes }, (_, i) => (i * 167 + (i >> 5)) & 0xff);

export function prepare(each: Subject, start: Start): void {
  const { hart } = each;
  const { views } = hart;
  // A random word may be a CSR's write; only then is there more to reset, TLBs included.
  if (csrBank(hart).some((value, slot) => value !== each.csrs[slot])) hart.restore(each.fresh);
  poke(each, ramBase, pattern);
  poke(each, start.pc, start.bytes ?? codeBytes(start.code));
  start.x.forEach((value, n) => {
    hart.registers.writeX(n, value);
  });
  start.f.forEach((value, n) => {
    hart.registers.writeF(n, value);
  });
  hart.setCsr(Slot.mstatus, Mstatus.FS & (BigInt(start.floatState) * (Mstatus.FS & -Mstatus.FS)));
  hart.setCsr(Slot.fcsr, BigInt(start.fcsr));
  hart.pc = start.pc;
  hart.dropReservation();
  views.retiredLimit[0] = 0n;
  views.left[0] = 0;
  views.stop[0] = 0;
}

export interface Outcome {
  readonly exit: Exit;
  readonly used: number;
  readonly retired: bigint;
  readonly pc: string;
  readonly x: readonly string[];
  readonly f: readonly string[];
  readonly fcsr: bigint;
  readonly mstatus: bigint;
  readonly data: string;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A digest of the RAM. */
export const ramDigest = ({ ram }: Subject): string => createHash('md5').update(ram).digest('hex');

export function outcome({ hart, ram }: Subject, exit: Exit): Outcome {
  const from = Number(dataBase - 0x1000n - ramBase);
  return {
    exit,
    used: hart.used,
    retired: hart.retired(),
    pc: hex(hart.pc),
    x: Array.from({ length: 32 }, (_, n) => hex(hart.registers.readX(n))),
    f: Array.from({ length: 32 }, (_, n) => hex(hart.registers.readF(n))),
    fcsr: hart.csrs.get(Slot.fcsr),
    mstatus: hart.csrs.get(Slot.mstatus),
    data: Buffer.from(ram.subarray(from, from + dataBytes)).toString('latin1'),
  };
}

/** Runs one subject from `start`, with the budget in one piece or several. */
export function runFrom(each: Subject, start: Start, budgets: readonly number[]): Outcome {
  prepare(each, start);
  let exit: Exit = { kind: 'budget' };
  for (const budget of budgets) {
    exit = each.hart.run(budget);
    if (exit.kind !== 'budget') break;
  }
  return outcome(each, exit);
}

// What random programs are made of

const edges: readonly bigint[] = [
  0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn,
  0x1_0000_0000n, 0xffff_ffff_8000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn,
  0x00ff_00ff_00ff_00ffn, 0x8080_0001_0000_7f80n,
]; // biome-ignore format: a table

const doubles = [
  0, -0, 1, -1, 1.5, 2.5, -2.5, 0.1, 1 / 3, 2 ** 31, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 63, -(2 ** 63), 2 ** 64,
  2 ** -1022, 2 ** -1074, 1e300, -1e300, 1e-300, 1e38, 1e-38, 1e-45, Number.MAX_VALUE, Infinity, -Infinity, 123456789.5,
]; // biome-ignore format: a table
const doubleBits = (value: number): bigint => new BigUint64Array(new Float64Array([value]).buffer)[0]!;
const singleBits = (value: number): bigint =>
  BigInt(new Uint32Array(new Float32Array([value]).buffer)[0]!) | 0xffff_ffff_0000_0000n;
const nans = [0x7ff8_0000_0000_0000n, 0x7ff0_0000_0000_0001n, 0xffff_ffff_7fc0_0000n, 0xffff_ffff_7f80_0001n];

const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const addresses = fc.integer({ min: -24, max: 24 }).map((n) => BigInt.asUintN(64, dataBase + BigInt(n)));
const integer = fc.oneof(fc.constantFrom(...edges), u64, addresses);
const finite = fc.double({ noNaN: true });
const float = fc.oneof(
  fc.constantFrom(...doubles.map(doubleBits), ...doubles.map(singleBits), ...nans),
  finite.map(doubleBits),
  fc.float({ noNaN: true }).map(singleBits),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(doubleBits),
  fc.float({ min: -1e6, max: 1e6, noNaN: true }).map(singleBits),
  u64,
);

/** Mostly the ordinary state (nearest even, NX set), as guests have it. */
const fcsr = fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 0x9f }), fc.integer({ min: 0, max: 255 }));
const floatState = fc.oneof({ arbitrary: fc.constant(3), weight: 8 }, fc.integer({ min: 0, max: 3 }));

const registers = (value: fc.Arbitrary<bigint>) => fc.array(value, { minLength: 32, maxLength: 32 });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** A word of a row: its fixed bits and random others that decode to it. */
export const wordOf = (row: Instruction): fc.Arbitrary<number> =>
  u32
    .map((bits) => ((bits & ~row.mask) | row.match) >>> 0)
    .map((word) => (row.length === 2 ? word & 0xffff : word))
    .filter((word) => {
      const decoded = decode(word);
      return (decoded?.compressed ?? decoded?.row)?.name === row.name;
    });

/** Rows an engine executes itself. */
const executable = ({ semantics }: Instruction): boolean => !('system' in semantics);
export const executableRows: readonly Instruction[] = [...baseInstructions, ...compressedInstructions].filter(
  executable,
);

export const anyWord: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...executableRows).chain(wordOf),
  u32, // mostly illegal
);

/** A start for `code`, of which the registers that address memory mostly point at RAM. */
export const startOf = (code: fc.Arbitrary<readonly number[]>): fc.Arbitrary<Start> =>
  fc.record({
    x: registers(integer).map((x) => [0n, ...x.slice(1)]),
    f: registers(float),
    fcsr,
    floatState,
    pc: fc.constant(codeBase),
    code,
  });
