import { decode } from './decode.ts';
import type { Decoded, Instruction } from './instruction.ts';
import { type Alias, aliasesOf } from './instructions/aliases.ts';
import { orderingText, roundingModes } from './instructions/constants.ts';
import { csrName } from './instructions/csr-names.ts';
import { readField } from './instructions/encoding.ts';
import { fliConstants } from './instructions/float-additional.ts';
import {
  type OperandKind,
  operandNames,
  type SyntaxOperand,
  syntaxOperands,
} from './instructions/operands.ts';
import { fRegisters, xRegisters } from './instructions/registers.ts';
import { type Operands, slotOf } from './instructions/template.ts';

export interface DisassembleOptions {
  /** Address of the instruction: branch targets are shown absolute. 0 unless given. */
  readonly pc?: bigint;
  /** Names an address (`main+0x10`); the target then reads `10074 <main+0x10>` as in objdump. */
  readonly symbol?: (address: bigint) => string | undefined;
  /** False writes real mnemonics only, as `objdump -M no-aliases` does. */
  readonly aliases?: boolean;
}

type Writer = (value: number, options: DisassembleOptions) => string;

const hex = (value: number): string => `0x${value.toString(16)}`;

function target(offset: number, { pc = 0n, symbol }: DisassembleOptions): string {
  const address = BigInt.asUintN(64, pc + BigInt(offset));
  const name = symbol?.(address);
  return name === undefined ? `0x${address.toString(16)}` : `${address.toString(16)} <${name}>`;
}

const writers: Readonly<Record<OperandKind, Writer>> = {
  x: (value) => xRegisters[value]!,
  f: (value) => fRegisters[value]!,
  imm: String,
  uimm: String,
  shamt: hex,
  upper: (value) => hex(value >>> 12),
  offset: target,
  csr: (value) => csrName(value) ?? hex(value),
  rm: (value) => roundingModes[value]!,
  ordering: orderingText,
  fli: (value) => fliConstants[value]!,
};

/** A syntax string cut at its operands: plain text, or an operand and the comma before it. */
interface Piece {
  readonly lead: string;
  readonly text: string;
  readonly operand: SyntaxOperand | undefined;
}

const cut = new Map<string, readonly Piece[]>();

function piecesOf(syntax: string): readonly Piece[] {
  const known = cut.get(syntax);
  if (known) return known;
  const pieces = [...syntax.matchAll(/(,? *)([a-z]+\d?'?|[^a-z, ])/g)].map(([, lead, text]) => ({
    lead: lead === '' ? '' : ',',
    text: text!,
    operand: syntaxOperands[text!],
  }));
  cut.set(syntax, pieces);
  return pieces;
}

function write(name: string, syntax: string, operands: Operands, options: DisassembleOptions): string {
  let text = '';
  for (const { lead, text: literal, operand } of piecesOf(syntax)) {
    const value = operand ? (operands[slotOf(operand)] ?? 0) : 0;
    if (operand && value === operand.implied) continue;
    text += lead + (operand ? writers[operand.kind](value, options) : literal);
  }
  return text === '' ? name : `${name} ${text}`;
}

/** The operands of an alias when `operands` of its base instruction have that shape. */
function aliasOperands(alias: Alias, operands: Operands): Operands | undefined {
  const found: Operands = {};
  for (const binding of alias.bindings) {
    const value = operands[binding.slot];
    if ('constant' in binding) {
      if (value !== binding.constant) return undefined;
      continue;
    }
    const slot = slotOf(syntaxOperands[binding.from]!);
    if (found[slot] !== undefined && found[slot] !== value) return undefined;
    found[slot] = value;
  }
  return found;
}

/** Operands of the base row; a fence's sets, which `Decoded` has no place for, are read from the word. */
function baseOperands({ row, word, rd, rs1, rs2, rs3, imm, csr, rm }: Decoded): Operands {
  const operands: Operands = { rd, rs1, rs2, rs3, imm, csr, rm };
  if (row.name !== 'fence') return operands;
  for (const field of row.fields) operands[operandNames[field.name]!.slot] = readField(field, word);
  return operands;
}

function compressedOperands({ compressed, word }: Decoded): Operands {
  const operands: Operands = {};
  for (const field of compressed?.fields ?? [])
    operands[operandNames[field.name]!.slot] = readField(field, word);
  return operands;
}

/** The first alias of the row that fits, written out. */
function writeAlias(row: string, operands: Operands, options: DisassembleOptions): string | undefined {
  for (const alias of aliasesOf(row)) {
    const found = aliasOperands(alias, operands);
    if (found) return write(alias.name, alias.syntax, found, options);
  }
  return undefined;
}

function writeBase(decoded: Decoded, options: DisassembleOptions): string {
  const { row, aqrl } = decoded;
  const operands = baseOperands(decoded);
  const alias = options.aliases === false ? undefined : writeAlias(row.name, operands, options);
  const suffix = ['', '.rl', '.aq', '.aqrl'][aqrl]!;
  return alias ?? write(row.name + suffix, row.syntax, operands, options);
}

/** A compressed word reads as the base instruction it expands to, unless the alias table says otherwise. */
function writeCompressed(decoded: Decoded, row: Instruction, options: DisassembleOptions): string {
  const operands = compressedOperands(decoded);
  if (options.aliases === false) return write(row.name, row.syntax, operands, options);
  return writeAlias(row.name, operands, options) ?? writeBase(decoded, options);
}

/** The compressed word nothing may use; GNU names it like its 32-bit relative. */
function writeUnknown(word: number, options: DisassembleOptions): string {
  if ((word & 3) === 3) return `.4byte ${hex(word >>> 0)}`;
  const half = word & 0xffff;
  if (half === 0) return options.aliases === false ? 'c.unimp' : 'unimp';
  return `.2byte ${hex(half)}`;
}

/**
 * The assembly text of one instruction word, in GNU syntax with one space after the mnemonic; the low 16 bits alone count
 * when they are a compressed instruction. An illegal word reads as the data directive that would put it there.
 */
export function disassemble(word: number, options: DisassembleOptions = {}): string {
  const decoded = decode(word);
  if (!decoded) return writeUnknown(word, options);
  const { compressed } = decoded;
  return compressed ? writeCompressed(decoded, compressed, options) : writeBase(decoded, options);
}
