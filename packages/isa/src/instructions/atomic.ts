import {
  add,
  and,
  type Expr,
  loaded,
  lt,
  ltu,
  or,
  type Semantics,
  select,
  setX,
  sext32,
  x,
  xor,
} from '../semantics.ts';
import { type Row, rowsOf } from './row.ts';

const widths = [
  { suffix: 'w', funct3: '010', bytes: 4 },
  { suffix: 'd', funct3: '011', bytes: 8 },
] as const;
type Width = (typeof widths)[number];

const address = x('rs1');

/** `loaded` is sign-extended, so a word's other operand is too; sign extension keeps unsigned order. */
const operations: readonly (readonly [name: string, funct5: string, next: (b: Expr) => Expr])[] = [
  ['amoswap', '00001', (b) => b],
  ['amoadd', '00000', (b) => add(loaded, b)],
  ['amoxor', '00100', (b) => xor(loaded, b)],
  ['amoand', '01100', (b) => and(loaded, b)],
  ['amoor', '01000', (b) => or(loaded, b)],
  ['amomin', '10000', (b) => select(lt(loaded, b), loaded, b)],
  ['amomax', '10100', (b) => select(lt(loaded, b), b, loaded)],
  ['amominu', '11000', (b) => select(ltu(loaded, b), loaded, b)],
  ['amomaxu', '11100', (b) => select(ltu(loaded, b), b, loaded)],
];

const atomic = rowsOf('a');

function reservation({ suffix, funct3, bytes }: Width): readonly Row[] {
  return [
    atomic(`lr.${suffix}`, 'rd, (rs1)', `00010 aq rl 00000 rs1 ${funct3} rd 0101111`, {
      access: { kind: 'loadReserved', bytes, address },
      effects: [setX(loaded)],
    }),
    atomic(`sc.${suffix}`, 'rd, rs2, (rs1)', `00011 aq rl rs2 rs1 ${funct3} rd 0101111`, {
      access: { kind: 'storeConditional', bytes, address, value: x('rs2') },
      effects: [setX(loaded)],
    }),
  ];
}

function readModifyWrite({ suffix, funct3, bytes }: Width): readonly Row[] {
  const operand = bytes === 4 ? sext32(x('rs2')) : x('rs2');
  return operations.map(([name, funct5, next]) =>
    atomic(`${name}.${suffix}`, 'rd, rs2, (rs1)', `${funct5} aq rl rs2 rs1 ${funct3} rd 0101111`, {
      access: { kind: 'amo', bytes, address, next: next(operand) },
      effects: [setX(loaded)],
    }),
  );
}

/** "A" Extension for Atomic Instructions. */
export const atomicRows: readonly Row[] = widths.flatMap((width) => [
  ...reservation(width),
  ...readModifyWrite(width),
]);

const compareAndSwap = rowsOf('zacas');
const swap = (bytes: 4 | 8 | 16): Semantics => ({
  access: { kind: 'compareAndSwap', bytes, address },
  effects: [],
});

/** "Zacas" Extension for Atomic Compare-and-Swap; odd registers of the quad form are reserved. */
export const compareAndSwapRows: readonly Row[] = [
  compareAndSwap('amocas.w', 'rd, rs2, (rs1)', '00101 aq rl rs2 rs1 010 rd 0101111', swap(4)),
  compareAndSwap('amocas.d', 'rd, rs2, (rs1)', '00101 aq rl rs2 rs1 011 rd 0101111', swap(8)),
  compareAndSwap('amocas.q', 'rd, rs2, (rs1)', '00101 aq rl rs2[4:1] 0 rs1 100 rd[4:1] 0 0101111', swap(16)),
];
