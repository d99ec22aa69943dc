/**
 * Register maps: a device's registers are rows, and dispatch, width checks, trace names and the documentation table come
 * from the rows.
 *
 * Access rules, the same for every device: a register takes naturally aligned accesses of its own width (or of the `widths`
 * its row lists); a 64-bit register also takes its two 32-bit halves; anything else on a register is a bus error. Addresses
 * no row covers read as zero and ignore writes. A row without `read` reads as zero, one without `write` ignores writes.
 */

import { withHighWord, withLowWord } from './words.ts';

/** Bytes in one access. */
export type AccessBytes = 1 | 2 | 4 | 8;

/** One dimension of an array register: `count` copies, `stride` bytes apart, numbered by what `of` names. */
export interface Repeat {
  readonly of: string;
  readonly count: number;
  readonly stride: number;
}

interface RowBase {
  /** Offset from the device's base, in bytes. */
  readonly at: number;
  readonly name: string;
  readonly window?: undefined;
  /** One phrase for the generated table. */
  readonly note?: string;
  /** Array registers: up to two dimensions, outer one first; handlers get the indices. */
  readonly each?: readonly [Repeat] | readonly [Repeat, Repeat];
}

/** A register of up to 32 bits; values are unsigned numbers. */
export interface WordRegister<T> extends RowBase {
  readonly bytes: 1 | 2 | 4;
  readonly widths?: readonly (1 | 2 | 4)[];
  readonly read?: (device: T, i: number, j: number) => number;
  readonly write?: (device: T, value: number, i: number, j: number) => void;
}

/** A 64-bit register; a write to one half keeps what `read` gives for the other. */
export interface DoubleRegister<T> extends RowBase {
  readonly bytes: 8;
  readonly read?: (device: T, i: number, j: number) => bigint;
  readonly write?: (device: T, value: bigint, i: number, j: number) => void;
}

/** A range of bytes the device lays out itself (virtio's configuration space); aligned accesses of 1, 2 and 4 bytes. */
export interface WindowRegister<T> {
  readonly at: number;
  readonly bytes?: undefined;
  readonly name: string;
  readonly note?: string;
  /** Length of the range, in bytes. */
  readonly window: number;
  readonly read?: (device: T, offset: number, bytes: 1 | 2 | 4) => number;
  readonly write?: (device: T, offset: number, bytes: 1 | 2 | 4, value: number) => void;
}

export type Register<T> = WordRegister<T> | DoubleRegister<T> | WindowRegister<T>;

/** A line of the generated documentation. */
export interface RegisterDoc {
  /** Offset in bytes, with index terms for arrays: `0x2000 + 0x80*context + 0x4*word`. */
  readonly offset: string;
  readonly name: string;
  readonly bytes: number;
  readonly access: 'R' | 'W' | 'RW' | '-';
  readonly note: string;
}

export interface RegisterMap<T> {
  /** As `Device.read`: undefined is a bus error. */
  read(device: T, offset: number, bytes: AccessBytes): bigint | undefined;
  /** As `Device.write`: false is a bus error. */
  write(device: T, offset: number, bytes: AccessBytes, value: bigint): boolean;
  /** What a trace calls the register at `offset`, or undefined where there is none. */
  nameAt(offset: number): string | undefined;
  /** The documentation table, in row order. */
  readonly docs: readonly RegisterDoc[];
}

/** Where an offset falls: a row, the indices of the copy, and the byte within it. */
interface Place<T> {
  readonly row: Register<T>;
  readonly i: number;
  readonly j: number;
  readonly within: number;
}

const once: Repeat = { of: '', count: 1, stride: 0 };

/** Builds the map of `rows`. Rows that overlap are a programming error and throw. */
export function registerMap<T>(rows: readonly Register<T>[]): RegisterMap<T> {
  const places = new Map<number, Place<T>>();
  for (const row of rows) layOut(places, row);
  return {
    read(device, offset, bytes) {
      const place = places.get(offset);
      return place === undefined ? 0n : readPlace(place, device, bytes);
    },
    write(device, offset, bytes, value) {
      const place = places.get(offset);
      return place === undefined || writePlace(place, device, bytes, value);
    },
    nameAt(offset) {
      const place = places.get(offset);
      return place && placeName(place);
    },
    docs: rows.map(documentRow),
  };
}

function dimensions<T>(row: Register<T>): readonly [Repeat, Repeat] {
  const each = row.window !== undefined ? undefined : row.each;
  return [each?.[0] ?? once, each?.[1] ?? once];
}

const extent = <T>(row: Register<T>): number => (row.window !== undefined ? row.window : row.bytes);

function layOut<T>(places: Map<number, Place<T>>, row: Register<T>): void {
  const [outer, inner] = dimensions(row);
  for (let i = 0; i < outer.count; i++)
    for (let j = 0; j < inner.count; j++) {
      const start = row.at + i * outer.stride + j * inner.stride;
      for (let within = 0; within < extent(row); within++) {
        const taken = places.get(start + within);
        if (taken !== undefined) throw new Error(`registers ${taken.row.name} and ${row.name} overlap`);
        places.set(start + within, { row, i, j, within });
      }
    }
}

function readPlace<T>(place: Place<T>, device: T, bytes: AccessBytes): bigint | undefined {
  const { row, i, j, within } = place;
  if (row.window !== undefined) {
    if (!fitsWindow(row.window, within, bytes)) return undefined;
    return BigInt((row.read?.(device, within, bytes) ?? 0) >>> 0);
  }
  if (row.bytes === 8) {
    if (!fitsDouble(within, bytes)) return undefined;
    return BigInt.asUintN(bytes * 8, (row.read?.(device, i, j) ?? 0n) >> BigInt(within * 8));
  }
  if (!fitsWord(row, within, bytes)) return undefined;
  return BigInt.asUintN(bytes * 8, BigInt(row.read?.(device, i, j) ?? 0));
}

function writePlace<T>(place: Place<T>, device: T, bytes: AccessBytes, value: bigint): boolean {
  const { row, i, j, within } = place;
  const unsigned = BigInt.asUintN(bytes * 8, value);
  if (row.window !== undefined) {
    if (!fitsWindow(row.window, within, bytes)) return false;
    row.write?.(device, within, bytes, Number(unsigned));
    return true;
  }
  if (row.bytes === 8) {
    if (!fitsDouble(within, bytes)) return false;
    const whole = bytes === 8 ? unsigned : withHalf(row.read?.(device, i, j) ?? 0n, within, unsigned);
    row.write?.(device, whole, i, j);
    return true;
  }
  if (!fitsWord(row, within, bytes)) return false;
  row.write?.(device, Number(unsigned), i, j);
  return true;
}

const fitsWord = <T>(row: WordRegister<T>, within: number, bytes: AccessBytes): boolean =>
  within === 0 && (row.widths === undefined ? bytes === row.bytes : (row.widths as number[]).includes(bytes));

const fitsDouble = (within: number, bytes: AccessBytes): boolean =>
  (bytes === 8 && within === 0) || (bytes === 4 && within % 4 === 0);

const fitsWindow = (window: number, within: number, bytes: AccessBytes): bytes is 1 | 2 | 4 =>
  bytes !== 8 && within % bytes === 0 && within + bytes <= window;

const withHalf = (old: bigint, within: number, half: bigint): bigint =>
  (within === 0 ? withLowWord : withHighWord)(old, Number(half));

function placeName<T>({ row, i, j, within }: Place<T>): string {
  if (row.window !== undefined) return `${row.name}+${within}`;
  const indices = (row.each ?? []).map((_, dimension) => `[${dimension === 0 ? i : j}]`).join('');
  return row.bytes === 8 && within >= 4 ? `${row.name}${indices}.high` : row.name + indices;
}

const hex = (n: number): string => `0x${n.toString(16)}`;

function documentRow<T>(row: Register<T>): RegisterDoc {
  const each = row.window !== undefined ? [] : (row.each ?? []);
  return {
    offset: [hex(row.at), ...each.map((r) => `${hex(r.stride)}*${r.of}`)].join(' + '),
    name: row.name,
    bytes: extent(row),
    access: row.read ? (row.write ? 'RW' : 'R') : row.write ? 'W' : '-',
    note: row.note ?? '',
  };
}
