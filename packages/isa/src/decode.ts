import type { Decoded, Instruction, OperandField } from './instruction.ts';
import { rawField, readField } from './instructions/encoding.ts';
import { operandNames, type Slot } from './instructions/operands.ts';
import type { Row } from './instructions/row.ts';
import { baseRows, type CompressedRow, compressedTable } from './instructions/table.ts';

type Operands = Record<Slot, number>;

function noOperands(): Operands {
  return { rd: 0, rs1: 0, rs2: 0, rs3: 0, imm: 0, csr: 0, rm: 0, aq: 0, rl: 0, fm: 0, pred: 0, succ: 0 };
}

function decoded(row: Instruction, compressed: Instruction | undefined, word: number, o: Operands): Decoded {
  return {
    row,
    compressed,
    length: compressed ? 2 : 4,
    word,
    rd: o.rd,
    rs1: o.rs1,
    rs2: o.rs2,
    rs3: o.rs3,
    imm: o.imm,
    csr: o.csr,
    rm: o.rm,
    aqrl: (o.aq << 1) | o.rl,
  };
}

/** Whether `word` has the fixed bits of `row` and none of its reserved operand values. */
function matches(row: Row, word: number): boolean {
  if ((word & row.mask) >>> 0 !== row.match) return false;
  return row.excluded.every(({ field, values }) => !values.includes(rawField(field, word)));
}

const slotOf = (field: OperandField): Slot => operandNames[field.name]!.slot;

// Base words: buckets by the bits every format keeps its opcode in (inst[6:2], funct3, funct7), filled when first met.
const bucketBits = 0xfe00_707c;
const buckets: (readonly Row[] | undefined)[] = new Array(2 ** 15);
const hintsFirst = [...baseRows].sort(
  (a, b) => Number(b.within !== undefined) - Number(a.within !== undefined),
);

function bucket(word: number): readonly Row[] {
  const key = ((word >>> 2) & 0x1f) | ((word >>> 7) & 0xe0) | ((word >>> 17) & 0x7f00);
  const known = buckets[key];
  if (known) return known;
  const rows = hintsFirst.filter((row) => (row.mask & bucketBits & (row.match ^ word)) === 0);
  buckets[key] = rows;
  return rows;
}

function decodeBase(word: number): Decoded | undefined {
  const row = bucket(word).find((candidate) => matches(candidate, word));
  if (!row) return undefined;
  const operands = noOperands();
  for (const field of row.fields) operands[slotOf(field)] = readField(field, word);
  return decoded(baseRows[row.index]!, undefined, word, operands);
}

// Compressed words: few enough that each is decoded once and kept.
const compressedWords = new Map<number, Decoded | undefined>();

function expandWord(row: CompressedRow, word: number): Decoded {
  const operands = noOperands();
  for (const operand of row.operands) {
    operands[operand.slot] = 'field' in operand ? readField(operand.field, word) : operand.constant;
  }
  return decoded(row.base, row, word, operands);
}

function decodeCompressed(word: number): Decoded | undefined {
  if (compressedWords.has(word)) return compressedWords.get(word);
  const row = compressedTable.find((candidate) => matches(candidate, word));
  const result = row && expandWord(row, word);
  compressedWords.set(word, result);
  return result;
}

/**
 * Decodes the instruction in the low bits of `word`: 16 of them unless the two lowest are ones, then 32. Undefined means an
 * illegal instruction. Whether its extension is enabled, and `dyn` rounding over a reserved frm, is for the hart to judge.
 */
export function decode(word: number): Decoded | undefined {
  return (word & 3) === 3 ? decodeBase(word >>> 0) : decodeCompressed(word & 0xffff);
}
