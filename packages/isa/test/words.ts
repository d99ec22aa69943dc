import { operandNames } from '../src/instructions/operands.ts';
import { baseRows } from '../src/instructions/table.ts';

/** Deterministic 32-bit numbers (xorshift). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Operand values that aliases and hints look for, all bits of the field alike or nearly so. */
const corners = [0, 1, 2, 5, 0xff, 0xffff_fffe, 0xffff_ffff];

/** Words of every base row with random operands, often zero, `ra`, `sp` or all ones, and two operands often alike. */
export function rowWords(perRow: number, next: () => number): number[] {
  const words: number[] = [];
  for (const row of baseRows) {
    for (let i = 0; i < perRow; i++) {
      let word = ((next() & ~row.mask) | row.match) >>> 0;
      let last = 0;
      for (const field of row.fields) {
        const choice = next() % 4;
        if (choice >= 2) continue;
        const same = operandNames[field.name]!.bits === 5 && choice === 1;
        const value = same ? last : corners[next() % corners.length]!;
        last = value;
        for (const piece of field.pieces) {
          const mask = ((1 << piece.bits) - 1) << piece.instructionLow;
          word = ((word & ~mask) | (((value >> piece.operandLow) << piece.instructionLow) & mask)) >>> 0;
        }
      }
      words.push(word);
    }
  }
  return words;
}

/** Random words that are 32 bits long (not the prefix of a longer instruction). */
export function randomWords(count: number, next: () => number): number[] {
  const words: number[] = [];
  while (words.length < count) {
    const word = (next() | 3) >>> 0;
    if ((word & 0x1f) !== 0x1f) words.push(word);
  }
  return words;
}

/** Every 16-bit instruction word. */
export const halfWords: readonly number[] = Array.from({ length: 0x10000 }, (_, i) => i).filter(
  (word) => (word & 3) !== 3,
);
