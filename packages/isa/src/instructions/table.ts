import type { Instruction, OperandField } from '../instruction.ts';
import { atomicRows, compareAndSwapRows } from './atomic.ts';
import { addressRows, basicBitRows, conditionalRows, singleBitRows } from './bits.ts';
import { checkRows } from './check.ts';
import { compressedRows } from './compressed.ts';
import { doubleRows, floatRows } from './float.ts';
import { additionalFloatRows } from './float-additional.ts';
import { integerRows } from './integer.ts';
import { multiplyRows } from './multiply.ts';
import { operandNames, type Slot, syntaxOperands } from './operands.ts';
import { registerNumber } from './registers.ts';
import type { Row } from './row.ts';
import { cacheBlockRows, csrRows, fetchFenceRows, privilegedRows, waitHintRows } from './system.ts';

/** Where one operand of a base instruction comes from when a compressed word expands to it. */
export type ExpandedOperand = { readonly slot: Slot } & (
  | { readonly field: OperandField }
  | { readonly constant: number }
);

export interface CompressedRow extends Row {
  readonly base: Row;
  readonly operands: readonly ExpandedOperand[];
}

/** All base (4-byte) rows with what the decoder needs; `index` is the position. */
export const baseRows: readonly Row[] = [
  ...integerRows,
  ...multiplyRows,
  ...atomicRows,
  ...compareAndSwapRows,
  ...floatRows,
  ...doubleRows,
  ...additionalFloatRows,
  ...addressRows,
  ...basicBitRows,
  ...singleBitRows,
  ...conditionalRows,
  ...csrRows,
  ...fetchFenceRows,
  ...waitHintRows,
  ...cacheBlockRows,
  ...privilegedRows,
].map((row, index) => ({ ...row, index }));

/** All base (4-byte) instructions; `row.index` is the position. Engines make one handler of each. */
export const baseInstructions: readonly Instruction[] = baseRows;

const byName: ReadonlyMap<string, Row> = new Map(baseRows.map((row) => [row.name, row]));

/** The operand words of a syntax string, in order: `rd, imm(rs1)` has rd, imm and rs1. */
export function operandWords(syntax: string): readonly string[] {
  return syntax.split(/[ ,()]+/).filter((word) => word !== '');
}

/** Finds the meaning of one operand word in an expansion: an operand of the compressed row, a register or a number. */
function source(
  word: string,
  fields: readonly OperandField[],
): { field: OperandField } | { constant: number } {
  const name = syntaxOperands[word]?.field;
  const field = fields.find((candidate) => candidate.name === name);
  if (field) return { field };
  return { constant: registerNumber(word, 'x') ?? Number(word) };
}

function expand(row: Row): CompressedRow {
  const [name, ...words] = operandWords(row.expansion!);
  const base = byName.get(name!)!;
  const operands = operandWords(base.syntax).map((baseWord, i): ExpandedOperand => {
    const slot = operandNames[syntaxOperands[baseWord]!.field]!.slot;
    return { slot, ...source(words[i]!, row.fields) };
  });
  return { ...row, semantics: base.semantics, base, operands };
}

export const compressedTable: readonly CompressedRow[] = compressedRows.map(expand);

/** All compressed (2-byte) instructions. */
export const compressedInstructions: readonly Instruction[] = compressedTable;

checkRows([...baseRows, ...compressedTable]);
