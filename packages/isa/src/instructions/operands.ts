/** The operand names encodings and syntax strings are written with: widths, sign, and where a decoded value goes. */

/** The fields of `Decoded` an encoded operand can fill. */
export type Slot = 'rd' | 'rs1' | 'rs2' | 'rs3' | 'imm' | 'csr' | 'rm' | 'aq' | 'rl' | 'fm' | 'pred' | 'succ';

interface OperandName {
  readonly slot: Slot;
  /** Bits when the encoding gives no `[…]`; immediates always do. */
  readonly bits?: number;
  readonly signed?: boolean;
}

/** A primed name is a three-bit register field: x8..x15. */
export const operandNames: Readonly<Record<string, OperandName>> = {
  rd: { slot: 'rd', bits: 5 },
  rs1: { slot: 'rs1', bits: 5 },
  rs2: { slot: 'rs2', bits: 5 },
  rs3: { slot: 'rs3', bits: 5 },
  "rd'": { slot: 'rd', bits: 3 },
  "rs1'": { slot: 'rs1', bits: 3 },
  "rs2'": { slot: 'rs2', bits: 3 },
  imm: { slot: 'imm', signed: true },
  uimm: { slot: 'imm' },
  shamt: { slot: 'imm' },
  csr: { slot: 'csr', bits: 12 },
  rm: { slot: 'rm', bits: 3 },
  aq: { slot: 'aq', bits: 1 },
  rl: { slot: 'rl', bits: 1 },
  fm: { slot: 'fm', bits: 4 },
  pred: { slot: 'pred', bits: 4 },
  succ: { slot: 'succ', bits: 4 },
};

/** What a syntax operand is to a reader; `field` names the encoded operand it shows. */
export type OperandKind =
  | 'x'
  | 'f'
  | 'imm'
  | 'shamt'
  | 'upper'
  | 'offset'
  | 'uimm'
  | 'csr'
  | 'rm'
  | 'ordering'
  | 'fli';

export interface SyntaxOperand {
  readonly kind: OperandKind;
  readonly field: string;
  /** The value that is not written, and that a program means when it writes none. */
  readonly implied?: number;
}

const registers = (kind: 'x' | 'f', names: Record<string, string>): Record<string, SyntaxOperand> =>
  Object.fromEntries(Object.entries(names).map(([name, field]) => [name, { kind, field }]));

/** Syntax words. `fd`, `fs1`, … are rd, rs1, … read as floating-point registers; `offset` is an `imm` relative to the pc;
 * `rm` is dynamic unless written, and `exact` the rounding mode of a conversion that never rounds. */
export const syntaxOperands: Readonly<Record<string, SyntaxOperand>> = {
  ...registers('x', {
    rd: 'rd',
    rs1: 'rs1',
    rs2: 'rs2',
    "rd'": "rd'",
    "rs1'": "rs1'",
    "rs2'": "rs2'",
  }),
  ...registers('f', {
    fd: 'rd',
    fs1: 'rs1',
    fs2: 'rs2',
    fs3: 'rs3',
    "fd'": "rd'",
    "fs2'": "rs2'",
  }),
  imm: { kind: 'imm', field: 'imm' },
  offset: { kind: 'offset', field: 'imm' },
  upper: { kind: 'upper', field: 'imm' },
  uimm: { kind: 'uimm', field: 'uimm' },
  shamt: { kind: 'shamt', field: 'shamt' },
  fli: { kind: 'fli', field: 'uimm' },
  csr: { kind: 'csr', field: 'csr' },
  rm: { kind: 'rm', field: 'rm', implied: 7 },
  exact: { kind: 'rm', field: 'rm', implied: 0 },
  pred: { kind: 'ordering', field: 'pred' },
  succ: { kind: 'ordering', field: 'succ' },
};
