import { decode } from '../decode.ts';
import { encode } from '../encode.ts';

/** Compressed words by the base word they expand to; made when `.option rvc` is first used. */
let shorter: ReadonlyMap<number, number> | undefined;

function everyCompressedWord(): ReadonlyMap<number, number> {
  const words = new Map<number, number>();
  for (let half = 0; half < 0x10000; half++) {
    const decoded = (half & 3) === 3 ? undefined : decode(half);
    if (!decoded || 'system' in decoded.row.semantics) continue;
    if (decoded.row.semantics.effects.some((effect) => effect.kind === 'jump')) continue;
    const { row, rd, rs1, rs2, imm } = decoded;
    const word = encode(row.name, { rd, rs1, rs2, imm });
    if (!words.has(word)) words.set(word, half);
  }
  return words;
}

/** The compressed word with the same meaning, or undefined. Jumps keep their size: their distance is not known yet. */
export function compress(word: number): number | undefined {
  shorter ??= everyCompressedWord();
  return shorter.get(word);
}
