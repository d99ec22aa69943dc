import {
  add,
  and,
  constant,
  type Expr,
  type FloatFormat,
  type FloatOp,
  f,
  float,
  imm,
  loaded,
  not,
  or,
  type RegisterOperand,
  setF,
  setX,
  sext32,
  x,
  xor,
} from '../semantics.ts';
import { type Row, rowsOf } from './row.ts';

interface Format {
  readonly format: FloatFormat;
  /** The two-bit fmt field. */
  readonly fmt: string;
  /** funct3 of the load and the store. */
  readonly width: string;
  readonly bytes: 4 | 8;
  readonly sign: Expr;
}
const formats: Readonly<Record<FloatFormat, Format>> = {
  s: { format: 's', fmt: '00', width: '010', bytes: 4, sign: constant(0x8000_0000n) },
  d: { format: 'd', fmt: '01', width: '011', bytes: 8, sign: constant(0x8000_0000_0000_0000n) },
};

/** The rows "F" and "D" have in common. */
function arithmeticRows({ format, fmt, width, bytes, sign }: Format): readonly Row[] {
  const instruction = rowsOf(format === 's' ? 'f' : 'd');
  const operand = (reg: RegisterOperand): Expr => f(reg, format);
  const [a, b, c] = [operand('rs1'), operand('rs2'), operand('rs3')];
  const negated = (value: Expr): Expr => xor(value, sign);
  const compute = (name: FloatOp, ...args: Expr[]): Expr => float(name, format, ...args);
  // A double holds every 32-bit integer.
  const fromWord = format === 'd' ? 'exact' : 'rm';
  const letter = format === 's' ? 'w' : 'd';

  const fused = (name: string, opcode: string, first: Expr, addend: Expr): Row =>
    instruction(`${name}.${format}`, 'fd, fs1, fs2, fs3, rm', `rs3 ${fmt} rs2 rs1 rm rd ${opcode}`, [
      setF(format, compute('fma', first, b, addend)),
    ]);
  const rounded = (name: FloatOp, funct5: string): Row =>
    instruction(`f${name}.${format}`, 'fd, fs1, fs2, rm', `${funct5} ${fmt} rs2 rs1 rm rd 1010011`, [
      setF(format, compute(name, a, b)),
    ]);
  const plain = (name: string, funct5: string, funct3: string, value: Expr): Row =>
    instruction(`${name}.${format}`, 'fd, fs1, fs2', `${funct5} ${fmt} rs2 rs1 ${funct3} rd 1010011`, [
      setF(format, value),
    ]);
  const compare = (name: FloatOp, funct3: string): Row =>
    instruction(`f${name}.${format}`, 'rd, fs1, fs2', `10100 ${fmt} rs2 rs1 ${funct3} rd 1010011`, [
      setX(compute(name, a, b)),
    ]);
  const toInteger = (name: FloatOp, suffix: string, code: string): Row =>
    instruction(`fcvt.${suffix}.${format}`, 'rd, fs1, rm', `11000 ${fmt} ${code} rs1 rm rd 1010011`, [
      setX(compute(name, a)),
    ]);
  const fromInteger = (name: FloatOp, suffix: string, code: string, rounding = 'rm'): Row =>
    instruction(
      `fcvt.${format}.${suffix}`,
      `fd, rs1, ${rounding}`,
      `11010 ${fmt} ${code} rs1 rm rd 1010011`,
      [setF(format, compute(name, x('rs1')))],
    );
  /** The magnitude of rs1 under the sign bit of `from`. */
  const withSign = (from: Expr): Expr => or(and(a, not(sign)), and(from, sign));
  const address = add(x('rs1'), imm);

  return [
    instruction(`fl${letter}`, 'fd, imm(rs1)', `imm[11:0] rs1 ${width} rd 0000111`, {
      access: { kind: 'load', bytes, signed: false, address },
      effects: [setF(format, loaded)],
    }),
    instruction(`fs${letter}`, 'fs2, imm(rs1)', `imm[11:5] rs2 rs1 ${width} imm[4:0] 0100111`, {
      // Stores and moves to x registers carry the bits, properly boxed or not.
      access: { kind: 'store', bytes, address, value: f('rs2', 'raw') },
      effects: [],
    }),
    fused('fmadd', '1000011', a, c),
    fused('fmsub', '1000111', a, negated(c)),
    fused('fnmsub', '1001011', negated(a), c),
    fused('fnmadd', '1001111', negated(a), negated(c)),
    rounded('add', '00000'),
    rounded('sub', '00001'),
    rounded('mul', '00010'),
    rounded('div', '00011'),
    instruction(`fsqrt.${format}`, 'fd, fs1, rm', `01011 ${fmt} 00000 rs1 rm rd 1010011`, [
      setF(format, compute('sqrt', a)),
    ]),
    plain('fsgnj', '00100', '000', withSign(b)),
    plain('fsgnjn', '00100', '001', withSign(not(b))),
    plain('fsgnjx', '00100', '010', xor(a, and(b, sign))),
    plain('fmin', '00101', '000', compute('min', a, b)),
    plain('fmax', '00101', '001', compute('max', a, b)),
    compare('eq', '010'),
    compare('lt', '001'),
    compare('le', '000'),
    instruction(`fclass.${format}`, 'rd, fs1', `11100 ${fmt} 00000 rs1 001 rd 1010011`, [
      setX(compute('class', a)),
    ]),
    toInteger('toW', 'w', '00000'),
    toInteger('toWu', 'wu', '00001'),
    toInteger('toL', 'l', '00010'),
    toInteger('toLu', 'lu', '00011'),
    fromInteger('fromW', 'w', '00000', fromWord),
    fromInteger('fromWu', 'wu', '00001', fromWord),
    fromInteger('fromL', 'l', '00010'),
    fromInteger('fromLu', 'lu', '00011'),
    instruction(`fmv.x.${letter}`, 'rd, fs1', `11100 ${fmt} 00000 rs1 000 rd 1010011`, [
      setX(format === 's' ? sext32(f('rs1', 'raw')) : f('rs1', 'raw')),
    ]),
    instruction(`fmv.${letter}.x`, 'fd, rs1', `11110 ${fmt} 00000 rs1 000 rd 1010011`, [
      setF(format, x('rs1')),
    ]),
  ];
}

/** "F" Extension for Single-Precision Floating-Point. */
export const floatRows: readonly Row[] = arithmeticRows(formats.s);

const double = rowsOf('d');

/** "D" Extension for Double-Precision Floating-Point. */
export const doubleRows: readonly Row[] = [
  ...arithmeticRows(formats.d),
  double('fcvt.s.d', 'fd, fs1, rm', '01000 00 00001 rs1 rm rd 1010011', [
    setF('s', float('toS', 'd', f('rs1', 'd'))),
  ]),
  double('fcvt.d.s', 'fd, fs1, exact', '01000 01 00000 rs1 rm rd 1010011', [
    setF('d', float('toD', 's', f('rs1', 's'))),
  ]),
];
