import type { OperandField } from './instruction.ts';
import { fieldWidth } from './instructions/encoding.ts';
import { operandNames, syntaxOperands } from './instructions/operands.ts';
import type { Row } from './instructions/row.ts';
import { rowNamed } from './instructions/table.ts';
import { type Operands, operandWords, slotOf } from './instructions/template.ts';

function inRange(field: OperandField, value: number): boolean {
  const span = 2 ** fieldWidth(field);
  const step = 2 ** field.pieces.at(-1)!.operandLow;
  const [low, high] = field.signed ? [-span / 2, span / 2] : [0, span];
  return Number.isInteger(value) && value >= low && value < high && value % step === 0;
}

function place(row: Row, field: OperandField, value: number): number {
  const raw = field.name.endsWith("'") ? value - 8 : value;
  const excluded = row.excluded.find((each) => each.field === field)?.values.includes(raw);
  if (!inRange(field, raw) || excluded) {
    throw new RangeError(`${row.name}: operand ${field.name} cannot be ${value}`);
  }
  let bits = 0;
  for (const piece of field.pieces) {
    bits |= ((raw >> piece.operandLow) & ((1 << piece.bits) - 1)) << piece.instructionLow;
  }
  return bits;
}

/** What operands nobody names are: the rounding mode the syntax implies. */
function impliedOperands(row: Row): Operands {
  if (!row.rounding) return {};
  const operands = operandWords(row.syntax).flatMap((word) => syntaxOperands[word] ?? []);
  return Object.fromEntries(operands.map((operand) => [slotOf(operand), operand.implied]));
}

/** Encodes a row; throws a RangeError for an operand its field cannot hold. */
export function encodeRow(row: Row, operands: Operands): number {
  const implied = impliedOperands(row);
  let word = row.match;
  for (const field of row.fields) {
    const { slot } = operandNames[field.name]!;
    word |= place(row, field, operands[slot] ?? implied[slot] ?? 0);
  }
  return word >>> 0;
}

/**
 * Encodes an instruction by its real mnemonic (`addi`, `c.addi`), operands by the names `Decoded` uses plus `aq`, `rl`, `fm`,
 * `pred`, `succ`; the result is the unsigned 16- or 32-bit word. Throws a RangeError for an unknown mnemonic or an operand
 * that does not fit.
 */
export function encode(name: string, operands: Operands = {}): number {
  const row = rowNamed(name);
  if (!row) throw new RangeError(`no instruction is called "${name}"`);
  return encodeRow(row, operands);
}
