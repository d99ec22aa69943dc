import { type Decoded, type Expr, type Instruction, type RegisterOperand, slotOf } from '@trapline/isa';
import { csrOffset, hartOffsets } from '../hart-layout.ts';
import { termsOf } from '../reference/row-facts.ts';

/**
 * Predecoded code. A physical page of code has one slot for each of its 2048 halfwords and one more, which runs off its end;
 * then one for a 4-byte instruction that begins in the last halfword, followed by where that one runs off to.
 * Registers are byte offsets from the hart's area (writes to x0 go to the sink), so that a handler needs no arithmetic.
 */
export const slotBytes = 16;
export const pageSlots = 2048;
export const straddlingSlot = pageSlots + 1;
/** From the slot of a page's last halfword to the one that holds the whole instruction. */
export const straddlingDistance = (straddlingSlot - (pageSlots - 1)) * slotBytes;
export const pageEndSlots: readonly number[] = [pageSlots, straddlingSlot + 2];
export const codePageBytes = (straddlingSlot + 3) * slotBytes;

/** Byte offsets in a slot: u16 handler, four u16 register offsets, i32 operand, u8 length and rounding mode field. */
export const slotField = {
  handler: 0,
  rd: 2,
  rs1: 4,
  rs2: 6,
  operand: 8,
  rs3: 12,
  length: 14,
  rm: 15,
} as const;

/** Slot address difference per byte of pc, as a shift: a halfword of code is a slot of 16 bytes. */
export const slotShift = 3;

const registerFile = { x: hartOffsets.x, f: hartOffsets.f };

/** The byte offset of the fcsr slot from the base of a hart's area. */
export const fcsrOffset = csrOffset(slotOf('fcsr'));

type File = keyof typeof registerFile;
export type RegisterFiles = Readonly<Record<RegisterOperand, File>>;

function visit(term: Expr, files: Record<RegisterOperand, File>): void {
  if (term.op === 'f') files[term.reg] = 'f';
  if (term.op === 'unary') visit(term.a, files);
  if (term.op === 'binary') for (const each of [term.a, term.b]) visit(each, files);
  if (term.op === 'select') for (const each of [term.when, term.then, term.else]) visit(each, files);
  if (term.op === 'float') for (const each of term.args) visit(each, files);
}

/** Which register file each operand of a row names. */
function registerFiles(row: Instruction): RegisterFiles {
  const files: Record<RegisterOperand, File> = { rd: 'x', rs1: 'x', rs2: 'x', rs3: 'x' };
  for (const term of termsOf(row)) visit(term, files);
  const effects = 'system' in row.semantics ? [] : row.semantics.effects;
  if (effects.some(({ kind }) => kind === 'f')) files.rd = 'f';
  return files;
}

const known = new Map<Instruction, RegisterFiles>();
export function filesOf(row: Instruction): RegisterFiles {
  const files = known.get(row) ?? registerFiles(row);
  known.set(row, files);
  return files;
}

/**
 * What `(fcsr & mask) === 1` asks, per rounding mode field: the instruction rounds to nearest even (statically, or by frm) and
 * NX is already set. No mode but these two can pass.
 */
export const nearestAndInexact = (rm: number): number => (rm === 7 ? 0xe1 : rm === 0 ? 0x01 : 0);

/** What fills a slot besides the instruction. */
export interface Placement {
  readonly handler: number;
  /** The operand field where it is not the immediate or the rounding mask. */
  readonly operand?: number;
}

/** Writes the slot at byte offset `at`. */
export function fillSlot(
  view: DataView,
  at: number,
  decoded: Decoded,
  { handler, operand }: Placement,
): void {
  const files = filesOf(decoded.row);
  const source = (reg: 'rs1' | 'rs2' | 'rs3'): number => registerFile[files[reg]] + 8 * decoded[reg];
  const target =
    files.rd === 'x' && decoded.rd === 0 ? hartOffsets.sink : registerFile[files.rd] + 8 * decoded.rd;
  const implied = decoded.row.rounding ? nearestAndInexact(decoded.rm) : decoded.imm;
  view.setUint16(at + slotField.rd, target, true);
  view.setUint16(at + slotField.rs1, source('rs1'), true);
  view.setUint16(at + slotField.rs2, source('rs2'), true);
  view.setUint16(at + slotField.rs3, source('rs3'), true);
  view.setInt32(at + slotField.operand, operand ?? implied, true);
  view.setUint8(at + slotField.length, decoded.length);
  view.setUint8(at + slotField.rm, decoded.rm);
  view.setUint16(at + slotField.handler, handler, true);
}

/** Writes a slot that needs only a handler and an operand. */
export function fillSpecialSlot(view: DataView, at: number, { handler, operand = 0 }: Placement): void {
  view.setInt32(at + slotField.operand, operand, true);
  view.setUint16(at + slotField.handler, handler, true);
}
