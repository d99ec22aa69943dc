import { wordHash } from '../word-hash.ts';
import { slotBytes } from './slot.ts';

const memoBits = 14;
const slotWords = slotBytes / 4;
const words = new Int32Array(2 ** memoBits);
const slots = new Int32Array(slotWords * 2 ** memoBits);

const placeOf = (word: number): number => wordHash(word, memoBits);

/** Fills a slot as one with the same instruction was filled, if that is remembered; few instructions make up most of a program. */
export function recallSlot(view: DataView, at: number, word: number): boolean {
  const place = placeOf(word);
  const from = slotWords * place;
  // What was never filled has the handler of an undecoded slot.
  if (words[place] !== (word | 0) || (slots[from]! & 0xffff) === 0) return false;
  for (let n = 0; n < slotWords; n++) view.setInt32(at + 4 * n, slots[from + n]!, true);
  return true;
}

/** Remembers a filled slot, whose contents depend on nothing but its instruction. */
export function rememberSlot(view: DataView, at: number, word: number): void {
  const place = placeOf(word);
  words[place] = word;
  for (let n = 0; n < slotWords; n++) slots[slotWords * place + n] = view.getInt32(at + 4 * n, true);
}
