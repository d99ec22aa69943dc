/** A hash of an instruction's word, of so many bits: for tables in which a word has one place. */
export const wordHash = (word: number, bits: number): number => Math.imul(word, 0x9e37_79b1) >>> (32 - bits);
