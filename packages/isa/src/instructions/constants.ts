import { csrNumberByName } from './csr-names.ts';
import { fliConstants } from './float-additional.ts';
import type { OperandKind } from './operands.ts';
import { registerNumber } from './registers.ts';

/** Rounding modes by their rm number; 5 and 6 are reserved. */
export const roundingModes: readonly (string | undefined)[] = [
  'rne',
  'rtz',
  'rdn',
  'rup',
  'rmm',
  undefined,
  undefined,
  'dyn',
];

/** A fence set: input, output, reads, writes, from bit 3 down. */
export function orderingText(set: number): string {
  const letters = [...'iorw'].filter((_, i) => set & (8 >> i)).join('');
  return letters === '' ? 'unknown' : letters;
}

function orderingSet(text: string): number | undefined {
  if (!/^i?o?r?w?$/.test(text)) return undefined;
  return [...text].reduce((set, letter) => set | (8 >> 'iorw'.indexOf(letter)), 0);
}

const found = (index: number): number | undefined => (index < 0 ? undefined : index);

/** Reads an operand that is a name and no expression: register, CSR, rounding mode, fence set, fli constant. */
export const namedOperand: Readonly<Partial<Record<OperandKind, (text: string) => number | undefined>>> = {
  x: (text) => registerNumber(text, 'x'),
  f: (text) => registerNumber(text, 'f'),
  csr: csrNumberByName,
  rm: (text) => found(roundingModes.indexOf(text)),
  ordering: orderingSet,
  fli: (text) => found(fliConstants.indexOf(text)),
};
