import {
  div,
  divu,
  type Expr,
  mul,
  mulh,
  mulhsu,
  mulhu,
  rem,
  remu,
  setX,
  sext32,
  x,
  zext32,
} from '../semantics.ts';
import { type Row, rowsOf } from './row.ts';

const instruction = rowsOf('m');
const a = x('rs1');
const b = x('rs2');
const register = (name: string, funct3: string, value: Expr): Row =>
  instruction(name, 'rd, rs1, rs2', `0000001 rs2 rs1 ${funct3} rd 0110011`, [setX(value)]);
const registerW = (name: string, funct3: string, value: Expr): Row =>
  instruction(name, 'rd, rs1, rs2', `0000001 rs2 rs1 ${funct3} rd 0111011`, [setX(sext32(value))]);

/** "M" Extension for Integer Multiplication and Division. */
export const multiplyRows: readonly Row[] = [
  register('mul', '000', mul(a, b)),
  register('mulh', '001', mulh(a, b)),
  register('mulhsu', '010', mulhsu(a, b)),
  register('mulhu', '011', mulhu(a, b)),
  register('div', '100', div(a, b)),
  register('divu', '101', divu(a, b)),
  register('rem', '110', rem(a, b)),
  register('remu', '111', remu(a, b)),
  // Word forms narrow first; the 64-bit operation then gives the defined results for zero and overflow.
  registerW('mulw', '000', mul(a, b)),
  registerW('divw', '100', div(sext32(a), sext32(b))),
  registerW('divuw', '101', divu(zext32(a), zext32(b))),
  registerW('remw', '110', rem(sext32(a), sext32(b))),
  registerW('remuw', '111', remu(zext32(a), zext32(b))),
];
