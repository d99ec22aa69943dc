import { plain, type Statement, type Term, type ValueType } from './term.ts';

/** The numeric and memory instructions, one object per type: `i64.add(a, b)`, `i32.load8_u(address, offset)`. */

type Integer = 'i32' | 'i64';
type Float = 'f32' | 'f64';

type Binary<T extends ValueType> = (a: Term<T>, b: Term<T>) => Term<T>;
type Unary<T extends ValueType> = (a: Term<T>) => Term<T>;
type Compare<T extends ValueType> = (a: Term<T>, b: Term<T>) => Term<'i32'>;
type Load<T extends ValueType> = (address: Term<'i32'>, offset?: number) => Term<T>;
type Store<T extends ValueType> = (address: Term<'i32'>, value: Term<T>, offset?: number) => Statement;

/** `build` applied to every opcode of a table. */
const each = <Name extends string, F>(
  table: Record<Name, number>,
  build: (opcode: number) => F,
): Record<Name, F> =>
  Object.fromEntries(Object.entries<number>(table).map(([name, opcode]) => [name, build(opcode)])) as Record<
    Name,
    F
  >;

/** An instruction without immediates that takes two arguments of one type. */
const ofTwo =
  <A extends ValueType, R extends ValueType>(_: A, type: R) =>
  (opcode: number): ((a: Term<A>, b: Term<A>) => Term<R>) => {
    const code = [opcode];
    return (a, b) => ({ type, kind: 'plain', opcode: code, args: [a, b] });
  };

/** One that takes one argument: a conversion, if the types are not the same. */
const convert = <From extends ValueType, To extends ValueType>(
  _: From,
  type: To,
  opcode: number | readonly number[],
): ((a: Term<From>) => Term<To>) => {
  const code = typeof opcode === 'number' ? [opcode] : opcode;
  return (a) => ({ type, kind: 'plain', opcode: code, args: [a] });
};

const binary = <T extends ValueType, N extends string>(
  type: T,
  table: Record<N, number>,
): Record<N, Binary<T>> => each(table, ofTwo(type, type));
const compare = <T extends ValueType, N extends string>(
  type: T,
  table: Record<N, number>,
): Record<N, Compare<T>> => each(table, ofTwo(type, 'i32'));
const unary = <T extends ValueType, N extends string>(
  type: T,
  table: Record<N, number>,
): Record<N, Unary<T>> => each(table, (opcode) => convert(type, type, opcode));

/** Opcode and natural alignment (log2) of memory instructions, as `opcode | align << 8`. */
const load = <T extends ValueType, N extends string>(type: T, table: Record<N, number>): Record<N, Load<T>> =>
  each(table, (row) => (address, offset = 0) => ({
    type,
    kind: 'memory',
    opcode: row & 0xff,
    align: row >> 8,
    offset,
    args: [address],
  }));
const store = <T extends ValueType, N extends string>(_: T, table: Record<N, number>): Record<N, Store<T>> =>
  each(table, (row) => (address, value, offset = 0) => ({
    type: 'void',
    kind: 'memory',
    opcode: row & 0xff,
    align: row >> 8,
    offset,
    args: [address, value],
  }));

const integerCompare = (type: Integer) => {
  const base = type === 'i32' ? 0x46 : 0x51;
  const names = ['eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'] as const;
  return Object.fromEntries(names.map((name, n) => [name, base + n])) as Record<
    (typeof names)[number],
    number
  >;
};

const integerUnary = (type: Integer) => {
  const base = type === 'i32' ? 0x67 : 0x79;
  return { clz: base, ctz: base + 1, popcnt: base + 2 };
};

const integerBinary = (type: Integer) => {
  const base = type === 'i32' ? 0x6a : 0x7c;
  const names = [
    'add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr',
  ] as const; // biome-ignore format: one line per opcode run
  return Object.fromEntries(names.map((name, n) => [name, base + n])) as Record<
    (typeof names)[number],
    number
  >;
};

const floatCompare = (type: Float) => {
  const base = type === 'f32' ? 0x5b : 0x61;
  return { eq: base, ne: base + 1, lt: base + 2, gt: base + 3, le: base + 4, ge: base + 5 };
};

const floatUnary = (type: Float) => {
  const base = type === 'f32' ? 0x8b : 0x99;
  return {
    abs: base,
    neg: base + 1,
    ceil: base + 2,
    floor: base + 3,
    trunc: base + 4,
    nearest: base + 5,
    sqrt: base + 6,
  };
};

const floatBinary = (type: Float) => {
  const base = type === 'f32' ? 0x92 : 0xa0;
  return {
    add: base,
    sub: base + 1,
    mul: base + 2,
    div: base + 3,
    min: base + 4,
    max: base + 5,
    copysign: base + 6,
  };
};

/** Relaxed multiply-add of vectors whose lanes are all the same; `codes` are splat, multiply-add and extraction of a lane. */
const relaxedMultiplyAdd =
  <T extends Float>(
    type: T,
    codes: { readonly splat: number; readonly madd: number; readonly lane: number },
  ) =>
  (a: Term<T>, b: Term<T>, c: Term<T>): Term<T> => {
    const [x, y, z] = [a, b, c].map((each) => plain('v128', [0xfd, codes.splat], each));
    return plain(type, [0xfd, codes.lane, 0], plain('v128', [0xfd, codes.madd, 2], x!, y!, z!));
  };

export const i32 = {
  const: (value: number): Term<'i32'> => ({ type: 'i32', kind: 'const', value: value | 0 }),
  eqz: convert('i32', 'i32', 0x45),
  ...compare('i32', integerCompare('i32')),
  ...unary('i32', { ...integerUnary('i32'), extend8_s: 0xc0, extend16_s: 0xc1 }),
  ...binary('i32', integerBinary('i32')),
  ...load('i32', { load: 0x228, load8_s: 0x2c, load8_u: 0x2d, load16_s: 0x12e, load16_u: 0x12f }),
  ...store('i32', { store: 0x236, store8: 0x3a, store16: 0x13b }),
  wrap_i64: convert('i64', 'i32', 0xa7),
  reinterpret_f32: convert('f32', 'i32', 0xbc),
  trunc_f32_s: convert('f32', 'i32', 0xa8),
  trunc_f32_u: convert('f32', 'i32', 0xa9),
  trunc_f64_s: convert('f64', 'i32', 0xaa),
  trunc_f64_u: convert('f64', 'i32', 0xab),
  trunc_sat_f64_s: convert('f64', 'i32', [0xfc, 2]),
  trunc_sat_f64_u: convert('f64', 'i32', [0xfc, 3]),
};

/** A 64-bit constant as terms have it: a number if it is one of 32 bits. */
function narrowed(value: number | bigint): number | bigint {
  if (typeof value === 'number' && value === (value | 0)) return value;
  const wide = BigInt.asIntN(64, BigInt(value));
  const low = Number(BigInt.asIntN(32, wide));
  return BigInt(low) === wide ? low : wide;
}

export const i64 = {
  const: (value: number | bigint): Term<'i64'> => ({
    type: 'i64',
    kind: 'const',
    value: narrowed(value),
  }),
  eqz: convert('i64', 'i32', 0x50),
  ...compare('i64', integerCompare('i64')),
  ...unary('i64', { ...integerUnary('i64'), extend8_s: 0xc2, extend16_s: 0xc3, extend32_s: 0xc4 }),
  ...binary('i64', integerBinary('i64')),
  ...load('i64', {
    load: 0x329,
    load8_s: 0x30,
    load8_u: 0x31,
    load16_s: 0x132,
    load16_u: 0x133,
    load32_s: 0x234,
    load32_u: 0x235,
  }),
  ...store('i64', { store: 0x337, store8: 0x3c, store16: 0x13d, store32: 0x23e }),
  extend_i32_s: convert('i32', 'i64', 0xac),
  extend_i32_u: convert('i32', 'i64', 0xad),
  reinterpret_f64: convert('f64', 'i64', 0xbd),
  trunc_f32_s: convert('f32', 'i64', 0xae),
  trunc_f32_u: convert('f32', 'i64', 0xaf),
  trunc_f64_s: convert('f64', 'i64', 0xb0),
  trunc_f64_u: convert('f64', 'i64', 0xb1),
  trunc_sat_f64_s: convert('f64', 'i64', [0xfc, 6]),
  trunc_sat_f64_u: convert('f64', 'i64', [0xfc, 7]),
};

export const f32 = {
  const: (value: number): Term<'f32'> => ({ type: 'f32', kind: 'const', value }),
  ...compare('f32', floatCompare('f32')),
  ...unary('f32', floatUnary('f32')),
  ...binary('f32', floatBinary('f32')),
  ...load('f32', { load: 0x22a }),
  ...store('f32', { store: 0x238 }),
  reinterpret_i32: convert('i32', 'f32', 0xbe),
  convert_i32_s: convert('i32', 'f32', 0xb2),
  convert_i32_u: convert('i32', 'f32', 0xb3),
  convert_i64_s: convert('i64', 'f32', 0xb4),
  convert_i64_u: convert('i64', 'f32', 0xb5),
  demote_f64: convert('f64', 'f32', 0xb6),
  /** a * b + c with one rounding or two, as the host likes ("Relaxed SIMD"). */
  relaxed_madd: relaxedMultiplyAdd('f32', { splat: 19, madd: 0x85, lane: 31 }),
};

export const f64 = {
  const: (value: number): Term<'f64'> => ({ type: 'f64', kind: 'const', value }),
  ...compare('f64', floatCompare('f64')),
  ...unary('f64', floatUnary('f64')),
  ...binary('f64', floatBinary('f64')),
  ...load('f64', { load: 0x32b }),
  ...store('f64', { store: 0x339 }),
  reinterpret_i64: convert('i64', 'f64', 0xbf),
  convert_i32_s: convert('i32', 'f64', 0xb7),
  convert_i32_u: convert('i32', 'f64', 0xb8),
  convert_i64_s: convert('i64', 'f64', 0xb9),
  convert_i64_u: convert('i64', 'f64', 0xba),
  promote_f32: convert('f32', 'f64', 0xbb),
  /** As f32's. */
  relaxed_madd: relaxedMultiplyAdd('f64', { splat: 20, madd: 0x87, lane: 33 }),
};

/** Fills `bytes` bytes at `address` with a byte. */
export const memoryFill = (address: Term<'i32'>, byte: Term<'i32'>, bytes: Term<'i32'>): Statement =>
  plain('void', [0xfc, 11, 0], address, byte, bytes);
