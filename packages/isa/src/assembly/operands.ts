import { namedOperand } from '../instructions/constants.ts';
import { fliConstants } from '../instructions/float-additional.ts';
import { type OperandKind, type SyntaxOperand, syntaxOperands } from '../instructions/operands.ts';
import { registerNumber } from '../instructions/registers.ts';
import { type Operands, slotOf } from '../instructions/template.ts';
import { AssemblyError, type Located, mistake } from './error.ts';
import { evaluate, type Scope } from './expression.ts';

/** Operands of a statement read against one syntax, or the first thing that does not fit. */
export type Reading = { readonly operands: Operands } | { readonly problem: string; readonly where: Located };

const nouns: Readonly<Record<OperandKind, string>> = {
  x: 'an integer register',
  f: 'a floating-point register',
  imm: 'a number',
  shamt: 'a shift amount',
  upper: 'an upper immediate',
  offset: 'a label',
  uimm: 'a number',
  csr: 'a CSR',
  rm: 'a rounding mode',
  ordering: 'a fence set',
  fli: 'an fli constant',
};

/** An operand that is a name where an expression is expected is a mistake, not a symbol. */
const isRegister = (text: string): boolean =>
  registerNumber(text, 'x') !== undefined || registerNumber(text, 'f') !== undefined;

/** How a written number becomes the operand: `lui`'s is the upper 20 bits, a target is relative to the pc. */
function fromExpression(kind: OperandKind, where: Located, scope: Scope): number {
  const value = evaluate(where, scope);
  if (kind === 'offset') return Number(value - scope.here);
  if (kind !== 'upper') return Number(value);
  if (value < 0n || value > 0xfffffn) mistake(`the upper immediate ${value} is not in 0..0xfffff`, where);
  return Number(BigInt.asIntN(32, value << 12n));
}

function fliIndex(text: string): number | undefined {
  const index = fliConstants.findIndex((constant) => constant === text || Number(constant) === Number(text));
  return index < 0 ? undefined : index;
}

const expressionKinds: readonly OperandKind[] = ['imm', 'shamt', 'upper', 'offset', 'uimm', 'csr'];

function readOperand({ kind }: SyntaxOperand, where: Located, scope: Scope): number | undefined {
  const named = kind === 'fli' ? fliIndex(where.text) : namedOperand[kind]?.(where.text);
  if (named !== undefined || !expressionKinds.includes(kind)) return named;
  if (where.text === '' || isRegister(where.text)) return undefined;
  return fromExpression(kind, where, scope);
}

/** `imm(rs1)` and `(rs1)`; the offset may be left out, or 0 where there is no offset. */
const memorySyntax = /^([a-z]*)\(([a-z]+\d?'?)\)$/;
const memoryText = /^(.*?)\s*\(\s*(\w+)\s*\)$/;

function pieces(
  syntax: string,
  where: Located,
): readonly (readonly [word: string, where: Located])[] | undefined {
  const memory = memorySyntax.exec(syntax);
  if (!memory) return [[syntax, where]];
  const text = memoryText.exec(where.text);
  if (!text || registerNumber(text[2]!, 'x') === undefined) return undefined;
  const base = { ...where, text: text[2]!, column: where.column + where.text.lastIndexOf(text[2]!) };
  const offset = { ...where, text: text[1]! || '0' };
  if (memory[1] === '') return offset.text === '0' ? [[memory[2]!, base]] : undefined;
  return [
    [memory[1]!, offset],
    [memory[2]!, base],
  ];
}

const sameWord = (word: string, text: string): boolean =>
  word === text ||
  (registerNumber(word, 'x') !== undefined && registerNumber(word, 'x') === registerNumber(text, 'x'));

/** Reads one comma-separated operand; gives what was expected when it does not fit. */
function readInto(found: Operands, syntax: string, where: Located, scope: Scope): string | undefined {
  const parts = pieces(syntax, where);
  if (!parts) return syntax.startsWith('(') ? 'an address in parentheses' : 'offset(register)';
  for (const [word, part] of parts) {
    const operand = syntaxOperands[word];
    if (!operand) {
      if (sameWord(word, part.text)) continue;
      return word;
    }
    const slot = slotOf(operand);
    const value = readOperand(operand, part, scope);
    if (value === undefined) return nouns[operand.kind];
    if (found[slot] !== undefined && found[slot] !== value) return 'the same register again';
    found[slot] = value;
  }
  return undefined;
}

/** The comma-separated pieces of a syntax string. */
const elements = (syntax: string): readonly string[] => (syntax === '' ? [] : syntax.split(', '));

const optional = (element: string): boolean => syntaxOperands[element]?.implied !== undefined;

/** Whether a syntax can take `count` operands. */
export function takes(syntax: string, count: number): boolean {
  const all = elements(syntax);
  const needed = all.filter((element) => !optional(element)).length;
  return count >= needed && count <= all.length;
}

/** Reads a statement's operands as `syntax` draws them. */
export function readOperands(syntax: string, operands: readonly Located[], scope: Scope): Reading {
  const found: Operands = {};
  const all = elements(syntax);
  for (const [i, where] of operands.entries()) {
    const expected = readInto(found, all[i]!, where, scope);
    if (expected !== undefined) return { problem: `"${where.text}" is not ${expected}`, where };
  }
  return { operands: found };
}

/** A reading that stops at an unreadable expression is a reading that failed, while other syntaxes remain to be tried. */
export function tryOperands(syntax: string, operands: readonly Located[], scope: Scope): Reading {
  try {
    return readOperands(syntax, operands, scope);
  } catch (error) {
    if (!(error instanceof AssemblyError)) throw error;
    const { problem, line, column } = error;
    return { problem, where: { text: '', line, column } };
  }
}
