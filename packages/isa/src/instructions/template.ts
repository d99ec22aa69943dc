import { namedOperand } from './constants.ts';
import { operandNames, type Slot, type SyntaxOperand, syntaxOperands } from './operands.ts';
import type { Row } from './row.ts';

/** Operand values by where they go in an instruction. */
export type Operands = Partial<Record<Slot, number>>;

/** One operand of the instruction a shorter writing stands for: an operand of that writing, or a constant. */
export type Binding = { readonly slot: Slot } & ({ readonly from: string } | { readonly constant: number });

/** The operand words of a syntax string, in order: `rd, imm(rs1)` has rd, imm and rs1. */
export function operandWords(syntax: string): readonly string[] {
  return syntax.split(/[ ,()]+/).filter((word) => word !== '');
}

/** Where the operand a syntax word shows goes. */
export const slotOf = (operand: SyntaxOperand): Slot => operandNames[operand.field]!.slot;

function bind(baseWord: string, word: string, own: readonly string[]): Binding {
  const operand = syntaxOperands[baseWord]!;
  const slot = slotOf(operand);
  if (own.includes(word)) return { slot, from: word };
  const constant = namedOperand[operand.kind]?.(word) ?? Number(word);
  if (Number.isNaN(constant)) throw new Error(`"${word}" is no ${operand.kind} operand`);
  return { slot, constant };
}

/** Reads `addi rd, sp, imm` as operands for `addi`; words in `syntax` are variables, all others constants. */
export function parseTemplate(
  template: string,
  syntax: string,
  rowNamed: (name: string) => Row | undefined,
): { readonly base: Row; readonly bindings: readonly Binding[] } {
  const [name, ...words] = operandWords(template);
  const base = rowNamed(name!);
  if (!base) throw new Error(`"${template}" names no instruction`);
  const own = operandWords(syntax).filter((word) => syntaxOperands[word] !== undefined);
  const baseWords = operandWords(base.syntax).slice(0, words.length);
  return { base, bindings: baseWords.map((baseWord, i) => bind(baseWord, words[i]!, own)) };
}
