import type { Semantics } from './semantics.ts';

/** The extensions the tables know, by the names an ISA string uses. */
export type Extension =
  | 'i'
  | 'm'
  | 'a'
  | 'f'
  | 'd'
  | 'c'
  | 'zicsr'
  | 'zifencei'
  | 'zba'
  | 'zbb'
  | 'zbs'
  | 'zicond'
  | 'zicbom'
  | 'zicboz'
  | 'zacas'
  | 'zfa'
  | 'zihintpause'
  | 'zawrs'
  | 's'
  | 'svinval';

/** Where an operand's bits sit in the instruction word: pieces from most to least significant operand bit. */
export interface OperandPiece {
  readonly instructionLow: number;
  readonly operandLow: number;
  readonly bits: number;
}

/** An operand of an encoding as the row draws it. */
export interface OperandField {
  readonly name: string;
  readonly pieces: readonly OperandPiece[];
  readonly signed: boolean;
}

/** One row: a 16- or 32-bit encoding, its assembly syntax and its meaning. */
export interface Instruction {
  readonly name: string;
  readonly extension: Extension;
  readonly length: 2 | 4;
  /** A word is this instruction when `(word & mask) === match` and its operands are not reserved ones. */
  readonly mask: number;
  readonly match: number;
  readonly fields: readonly OperandField[];
  readonly syntax: string;
  /** Meaning; a compressed row has the meaning of the base row it expands to (`Decoded.row` is then that base row). */
  readonly semantics: Semantics;
  /** Whether the row has an `rm` operand: 5 and 6, or `dyn` over a reserved frm, are illegal. */
  readonly rounding: boolean;
  /** Dense index of base (4-byte) rows, 0..n-1, in table order: engines number their handlers by it. Compressed rows: -1. */
  readonly index: number;
}

/**
 * An instruction word with its operands read out.
 * `row` is always a base row: a compressed word decodes to the row it expands to with `length` 2, and keeps its own row
 * in `compressed`. Operands a row lacks are 0.
 */
export interface Decoded {
  readonly row: Instruction;
  readonly compressed: Instruction | undefined;
  readonly length: 2 | 4;
  /** The raw bits: 16 or 32 of them, unsigned. */
  readonly word: number;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly rs3: number;
  /** Sign-extended 32-bit immediate, shift amount, zimm of a CSR instruction, or fli index. */
  readonly imm: number;
  /** CSR number of a Zicsr instruction. */
  readonly csr: number;
  /** Rounding mode field 0..7. */
  readonly rm: number;
  /** bit 1 acquire, bit 0 release. */
  readonly aqrl: number;
}

// decode.ts:      decode(word: number): Decoded | undefined       (undefined: illegal; looks at the low 16 bits first)
// encode.ts:      encode(name, operands): number
// disassemble.ts: disassemble(word, { pc, symbol? }): string      (GNU syntax)
