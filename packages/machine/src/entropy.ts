import type { Entropy } from '@trapline/core';

/** Random bytes that depend on `seed` alone: SplitMix64 (Steele, Lea, Flood 2014), low byte first. */
export function seededEntropy(seed: number): Entropy {
  let state = BigInt.asUintN(64, BigInt(seed));
  const next = (): bigint => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    let word = state;
    word = BigInt.asUintN(64, (word ^ (word >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return word ^ (word >> 31n);
  };
  return {
    fill(into) {
      let word = 0n;
      for (let at = 0; at < into.length; at++) {
        word = at % 8 === 0 ? next() : word >> 8n;
        into[at] = Number(word & 0xffn);
      }
    },
  };
}

/** The most `crypto.getRandomValues` gives in one call. */
const MOST_AT_ONCE = 65536;

/** Random bytes of the host. */
export const hostEntropy: Entropy = {
  fill(into) {
    // A view of guest memory may be shared memory, which getRandomValues refuses: fill a copy.
    for (let at = 0; at < into.length; at += MOST_AT_ONCE) {
      const part = new Uint8Array(Math.min(MOST_AT_ONCE, into.length - at));
      into.set(crypto.getRandomValues(part), at);
    }
  },
};
