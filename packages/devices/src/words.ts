/** The two 32-bit halves of a 64-bit value, as registers see them. */
const mask = 0xffff_ffffn;

export const lowWord = (value: bigint): number => Number(value & mask);
export const highWord = (value: bigint): number => Number((value >> 32n) & mask);
export const withLowWord = (old: bigint, word: number): bigint => (old & ~mask) | BigInt(word);
export const withHighWord = (old: bigint, word: number): bigint => (old & mask) | (BigInt(word) << 32n);
