import {
  constant,
  type Expr,
  type FloatFormat,
  type FloatOp,
  f,
  float,
  imm,
  ltu,
  select,
  setF,
  setX,
} from '../semantics.ts';
import { type Row, rowsOf } from './row.ts';

const instruction = rowsOf('zfa');

/** The constants of `fli`, by index, as the assembler writes them ("Load-Immediate Instructions"). */
export const fliConstants: readonly string[] = [
  '-1',
  'min',
  '0x1p-16',
  '0x1p-15',
  '0x1p-8',
  '0x1p-7',
  '0.0625',
  '0.125',
  '0.25',
  '0.3125',
  '0.375',
  '0.4375',
  '0.5',
  '0.625',
  '0.75',
  '0.875',
  '1',
  '1.25',
  '1.5',
  '1.75',
  '2',
  '2.5',
  '3',
  '4',
  '8',
  '16',
  '128',
  '256',
  '0x1p+15',
  '0x1p+16',
  'inf',
  'nan',
];

/** The smallest positive normal number of each format. */
const smallestNormal: Readonly<Record<FloatFormat, bigint>> = { s: 0x0080_0000n, d: 0x0010_0000_0000_0000n };

function fliValue(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  const power = /^0x1p([+-]\d+)$/.exec(text);
  return power ? 2 ** Number(power[1]) : Number(text);
}

/** The bit pattern `fli` loads for `index`. */
export function fliPattern(index: number, format: FloatFormat): bigint {
  const text = fliConstants[index]!;
  if (text === 'min') return smallestNormal[format];
  if (text === 'nan') return format === 's' ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n;
  const view = new DataView(new ArrayBuffer(8));
  if (format === 's') {
    view.setFloat32(0, fliValue(text));
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, fliValue(text));
  return view.getBigUint64(0);
}

/** Binary choice among the constants of indices `[low, high)`. */
function fliChoice(format: FloatFormat, low: number, high: number): Expr {
  if (high - low === 1) return constant(fliPattern(low, format));
  const middle = (low + high) / 2;
  return select(ltu(imm, constant(middle)), fliChoice(format, low, middle), fliChoice(format, middle, high));
}

function formatRows(format: FloatFormat, fmt: string): readonly Row[] {
  const [a, b] = [f('rs1', format), f('rs2', format)];
  const two = (name: FloatOp, funct3: string): Row =>
    instruction(`f${name}.${format}`, 'fd, fs1, fs2', `00101 ${fmt} rs2 rs1 ${funct3} rd 1010011`, [
      setF(format, float(name, format, a, b)),
    ]);
  const round = (name: FloatOp, code: string): Row =>
    instruction(`f${name}.${format}`, 'fd, fs1, rm', `01000 ${fmt} ${code} rs1 rm rd 1010011`, [
      setF(format, float(name, format, a)),
    ]);
  const compare = (name: FloatOp, funct3: string): Row =>
    instruction(`f${name}.${format}`, 'rd, fs1, fs2', `10100 ${fmt} rs2 rs1 ${funct3} rd 1010011`, [
      setX(float(name, format, a, b)),
    ]);
  return [
    instruction(`fli.${format}`, 'fd, fli', `11110 ${fmt} 00001 uimm[4:0] 000 rd 1010011`, [
      setF(format, fliChoice(format, 0, fliConstants.length)),
    ]),
    two('minm', '010'),
    two('maxm', '011'),
    round('round', '00100'),
    round('roundnx', '00101'),
    compare('leq', '100'),
    compare('ltq', '101'),
  ];
}

/** "Zfa" Extension for Additional Floating-Point Instructions, for the F and D formats of RV64. */
export const additionalFloatRows: readonly Row[] = [
  ...formatRows('s', '00'),
  ...formatRows('d', '01'),
  // The manual fixes rm to rtz here; the assembler writes it out.
  instruction('fcvtmod.w.d', 'rd, fs1, rtz', '11000 01 01000 rs1 001 rd 1010011', [
    setX(float('cvtmodw', 'd', f('rs1', 'd'))),
  ]),
];
