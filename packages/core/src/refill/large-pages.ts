import { i32, i64 } from '../wasm/ops.ts';
import { get, type Local, type Statement, set, type Term } from '../wasm/term.ts';

/**
 * Which mappings larger than a page TLB entries may have come from: a fence of one address must reach all of them. One bitmap
 * for each size, by the page number's low bits and the address's sign: others may answer too, which costs a fence more than it
 * had to do and nothing else.
 */
const sizes: readonly number[] = [16, 21, 30, 39, 48];
const numberBits = 11;
const rowBytes = 2 ** (numberBits + 1) / 8;

/** Bytes of the bitmaps. */
export const largePagesBytes = sizes.length * rowBytes;

/** Pages of each size. */
const pages: readonly number[] = sizes.map((size) => 2 ** (size - 12));
const numbers = 2 ** numberBits;
const negative = 2 ** 51;

/** Of the mapping of the size in that row that a page, by its number (52 bits), is in. */
const bitOf = (page: number, row: number): number =>
  (Math.floor(page / pages[row]!) % numbers) + (page >= negative ? numbers : 0);

/** TypeScript's side of the bitmaps. */
export class LargePages {
  readonly #bits: Uint8Array;

  constructor({ buffer, byteOffset }: { readonly buffer: ArrayBufferLike; readonly byteOffset: number }) {
    this.#bits = new Uint8Array(buffer, byteOffset, largePagesBytes);
  }

  /** An entry comes from the mapping of `bytes` bytes that a page is in. */
  note(page: number, bytes: number): void {
    const row = sizes.indexOf(Math.log2(bytes));
    const bit = bitOf(page, row);
    this.#bits[row * rowBytes + (bit >> 3)]! |= 1 << (bit & 7);
  }

  /** Whether a page may be in one of the mappings. */
  has(page: number): boolean {
    for (let row = 0; row < pages.length; row++) {
      const bit = bitOf(page, row);
      if ((this.#bits[row * rowBytes + (bit >> 3)]! & (1 << (bit & 7))) !== 0) return true;
    }
    return false;
  }

  clear(): void {
    this.#bits.fill(0);
  }
}

/** `note` in wasm, for a leaf of a level above the last: `size` is the log2 of its bytes; `at` and `bits` are overwritten. */
export function noteLargePage(
  bitmaps: Term<'i32'>,
  { va, size, at, bits }: Record<'va' | 'size', Local<'i64'>> & Record<'at' | 'bits', Local<'i32'>>,
): Statement[] {
  const number = i32.and(i32.wrap_i64(i64.shr_u(get(va), get(size))), i32.const(2 ** numberBits - 1));
  const sign = i32.shl(i32.wrap_i64(i64.shr_u(get(va), i64.const(63))), i32.const(numberBits));
  // Sizes from 21 on are 9 bits apart: 21 is row 1.
  const row = i32.div_u(i32.sub(i32.wrap_i64(get(size)), i32.const(12)), i32.const(9));
  const place = i32.add(i32.mul(row, i32.const(rowBytes)), i32.shr_u(get(bits), i32.const(3)));
  const mask = i32.shl(i32.const(1), i32.and(get(bits), i32.const(7)));
  return [
    set(bits, i32.or(number, sign)),
    set(at, i32.add(bitmaps, place)),
    i32.store8(get(at), i32.or(i32.load8_u(get(at)), mask)),
  ];
}
