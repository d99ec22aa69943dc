import {
  add,
  and,
  clz,
  clz32,
  constant,
  cpop,
  cpop32,
  ctz,
  ctz32,
  type Expr,
  eq,
  imm,
  lt,
  ltu,
  not,
  or,
  orcb,
  rev8,
  rotl,
  rotl32,
  rotr,
  rotr32,
  select,
  setX,
  sext8,
  sext16,
  sext32,
  shl,
  shr,
  x,
  xor,
  zext16,
  zext32,
} from '../semantics.ts';
import { type Row, type RowBuilder, rowsOf } from './row.ts';

const a = x('rs1');
const b = x('rs2');
const one = constant(1);
const zero = constant(0);

const op = '0110011';
const op32 = '0111011';
const opImm = '0010011';
const opImm32 = '0011011';

/** The three shapes of these extensions: two registers, one register, register and shift amount. */
function shapes(instruction: RowBuilder) {
  return {
    two: (name: string, funct7: string, funct3: string, opcode: string, value: Expr): Row =>
      instruction(name, 'rd, rs1, rs2', `${funct7} rs2 rs1 ${funct3} rd ${opcode}`, [setX(value)]),
    one: (name: string, funct12: string, funct3: string, opcode: string, value: Expr): Row =>
      instruction(name, 'rd, rs1', `${funct12} rs1 ${funct3} rd ${opcode}`, [setX(value)]),
    shift: (name: string, prefix: string, funct3: string, opcode: string, value: Expr): Row =>
      instruction(name, 'rd, rs1, shamt', `${prefix} rs1 ${funct3} rd ${opcode}`, [setX(value)]),
  };
}

const zba = shapes(rowsOf('zba'));
const zbb = shapes(rowsOf('zbb'));
const zbs = shapes(rowsOf('zbs'));
const zicond = shapes(rowsOf('zicond'));

/** "Zba" Extension for Address Generation. */
export const addressRows: readonly Row[] = [
  zba.two('add.uw', '0000100', '000', op32, add(b, zext32(a))),
  zba.two('sh1add', '0010000', '010', op, add(b, shl(a, constant(1)))),
  zba.two('sh2add', '0010000', '100', op, add(b, shl(a, constant(2)))),
  zba.two('sh3add', '0010000', '110', op, add(b, shl(a, constant(3)))),
  zba.two('sh1add.uw', '0010000', '010', op32, add(b, shl(zext32(a), constant(1)))),
  zba.two('sh2add.uw', '0010000', '100', op32, add(b, shl(zext32(a), constant(2)))),
  zba.two('sh3add.uw', '0010000', '110', op32, add(b, shl(zext32(a), constant(3)))),
  zba.shift('slli.uw', '000010 shamt[5:0]', '001', opImm32, shl(zext32(a), imm)),
];

/** "Zbb" Extension for Basic Bit-Manipulation. */
export const basicBitRows: readonly Row[] = [
  zbb.two('andn', '0100000', '111', op, and(a, not(b))),
  zbb.two('orn', '0100000', '110', op, or(a, not(b))),
  zbb.two('xnor', '0100000', '100', op, not(xor(a, b))),
  zbb.one('clz', '011000000000', '001', opImm, clz(a)),
  zbb.one('clzw', '011000000000', '001', opImm32, clz32(a)),
  zbb.one('ctz', '011000000001', '001', opImm, ctz(a)),
  zbb.one('ctzw', '011000000001', '001', opImm32, ctz32(a)),
  zbb.one('cpop', '011000000010', '001', opImm, cpop(a)),
  zbb.one('cpopw', '011000000010', '001', opImm32, cpop32(a)),
  zbb.two('max', '0000101', '110', op, select(lt(a, b), b, a)),
  zbb.two('maxu', '0000101', '111', op, select(ltu(a, b), b, a)),
  zbb.two('min', '0000101', '100', op, select(lt(a, b), a, b)),
  zbb.two('minu', '0000101', '101', op, select(ltu(a, b), a, b)),
  zbb.one('sext.b', '011000000100', '001', opImm, sext8(a)),
  zbb.one('sext.h', '011000000101', '001', opImm, sext16(a)),
  zbb.one('zext.h', '000010000000', '100', op32, zext16(a)),
  zbb.two('rol', '0110000', '001', op, rotl(a, b)),
  zbb.two('rolw', '0110000', '001', op32, sext32(rotl32(a, b))),
  zbb.two('ror', '0110000', '101', op, rotr(a, b)),
  zbb.two('rorw', '0110000', '101', op32, sext32(rotr32(a, b))),
  zbb.shift('rori', '011000 shamt[5:0]', '101', opImm, rotr(a, imm)),
  zbb.shift('roriw', '0110000 shamt[4:0]', '101', opImm32, sext32(rotr32(a, imm))),
  zbb.one('orc.b', '001010000111', '101', opImm, orcb(a)),
  zbb.one('rev8', '011010111000', '101', opImm, rev8(a)),
];

/** "Zbs" Extension for Single-bit Instructions. */
export const singleBitRows: readonly Row[] = [
  zbs.two('bclr', '0100100', '001', op, and(a, not(shl(one, b)))),
  zbs.shift('bclri', '010010 shamt[5:0]', '001', opImm, and(a, not(shl(one, imm)))),
  zbs.two('bext', '0100100', '101', op, and(shr(a, b), one)),
  zbs.shift('bexti', '010010 shamt[5:0]', '101', opImm, and(shr(a, imm), one)),
  zbs.two('binv', '0110100', '001', op, xor(a, shl(one, b))),
  zbs.shift('binvi', '011010 shamt[5:0]', '001', opImm, xor(a, shl(one, imm))),
  zbs.two('bset', '0010100', '001', op, or(a, shl(one, b))),
  zbs.shift('bseti', '001010 shamt[5:0]', '001', opImm, or(a, shl(one, imm))),
];

/** "Zicond" Extension for Integer Conditional Operations. */
export const conditionalRows: readonly Row[] = [
  zicond.two('czero.eqz', '0000111', '101', op, select(eq(b, zero), zero, a)),
  zicond.two('czero.nez', '0000111', '111', op, select(eq(b, zero), a, zero)),
];
