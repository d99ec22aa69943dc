import type { OperandField, OperandPiece } from '../instruction.ts';
import { operandNames } from './operands.ts';

/** Operand values that make an otherwise matching word a different (or no) instruction. */
export interface Exclusion {
  readonly field: OperandField;
  /** Raw, unsigned field values. */
  readonly values: readonly number[];
}

export interface Encoding {
  readonly mask: number;
  readonly match: number;
  readonly fields: readonly OperandField[];
  readonly excluded: readonly Exclusion[];
}

interface Token {
  readonly name: string;
  /** `[high, low]` operand bit ranges, from the left. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly excluded: readonly number[];
}

const tokenShape = /^(nz)?([a-z]+\d?'?)(?:\[([\d:|]+)\])?(?:!=\{?([\d,]+)\}?)?$/;

/** rm values 5 and 6 are reserved in every instruction that has the field. */
const alwaysExcluded: Readonly<Record<string, readonly number[]>> = { rm: [5, 6] };

function parseToken(text: string, encoding: string): Token {
  const [, nonZero, name = '', bits, values] =
    tokenShape.exec(text) ?? fail(encoding, `cannot read "${text}"`);
  const known = operandNames[name] ?? fail(encoding, `unknown operand "${name}"`);
  const ranges = (bits ?? `${(known.bits ?? fail(encoding, `"${name}" needs a [range]`)) - 1}:0`)
    .split('|')
    .map((range): [number, number] => {
      const [high, low] = range.split(':').map(Number);
      return [high!, low ?? high!];
    });
  const excluded = [
    ...(values?.split(',').map(Number) ?? []),
    ...(nonZero ? [0] : []),
    ...(alwaysExcluded[name] ?? []),
  ];
  return { name, ranges, excluded };
}

/**
 * Parses an encoding as the manual draws it, most significant bit first: fixed bits, operands, operand bit ranges
 * (`imm[12|10:5]`), `nz` for "not zero" and `!=` for reserved values. Throws on a drawing that does not cover every bit once.
 */
export function parseEncoding(encoding: string, length: 2 | 4): Encoding {
  let position = length * 8;
  let mask = 0;
  let match = 0;
  const pieces = new Map<string, OperandPiece[]>();
  const excluded = new Map<string, Set<number>>();
  for (const text of encoding.split(' ')) {
    if (/^[01]+$/.test(text)) {
      position -= text.length;
      mask |= (2 ** text.length - 1) << position;
      match |= Number.parseInt(text, 2) << position;
      continue;
    }
    const token = parseToken(text, encoding);
    for (const [high, low] of token.ranges) {
      position -= high - low + 1;
      const list = pieces.get(token.name) ?? [];
      list.push({ instructionLow: position, operandLow: low, bits: high - low + 1 });
      pieces.set(token.name, list);
    }
    const values = excluded.get(token.name) ?? new Set();
    for (const value of token.excluded) values.add(value);
    excluded.set(token.name, values);
  }
  if (position !== 0) fail(encoding, `${position} of ${length * 8} bits left over`);
  const fields = [...pieces].map(([name, list]) => field(name, list, encoding));
  return {
    mask: mask >>> 0,
    match: match >>> 0,
    fields,
    excluded: fields.flatMap((f) => {
      const values = [...excluded.get(f.name)!];
      return values.length > 0 ? [{ field: f, values }] : [];
    }),
  };
}

function field(name: string, pieces: readonly OperandPiece[], encoding: string): OperandField {
  const sorted = [...pieces].sort((a, b) => b.operandLow - a.operandLow);
  let bound = Number.POSITIVE_INFINITY;
  for (const piece of sorted) {
    if (piece.operandLow + piece.bits > bound) fail(encoding, `operand "${name}" draws a bit twice`);
    bound = piece.operandLow;
  }
  return { name, pieces: sorted, signed: operandNames[name]!.signed ?? false };
}

function fail(encoding: string, problem: string): never {
  throw new Error(`encoding "${encoding}": ${problem}`);
}

/** The raw, unsigned bits of an operand in an instruction word. */
export function rawField(field: OperandField, word: number): number {
  let value = 0;
  for (const { instructionLow, operandLow, bits } of field.pieces) {
    value |= ((word >>> instructionLow) & ((1 << bits) - 1)) << operandLow;
  }
  return value >>> 0;
}

/** How many bits an operand spans, counting implied low zeros. */
export function fieldWidth(field: OperandField): number {
  const top = field.pieces[0]!;
  return top.operandLow + top.bits;
}

/** The operand of an instruction word as a number: sign-extended, register names biased. */
export function readField(field: OperandField, word: number): number {
  const raw = rawField(field, word);
  if (field.signed) {
    const unused = 32 - fieldWidth(field);
    return (raw << unused) >> unused;
  }
  return field.name.endsWith("'") ? raw + 8 : raw;
}
