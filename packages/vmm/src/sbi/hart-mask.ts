import type { FirmwareHart } from '@trapline/core';
import type { SbiPlatform } from './platform.ts';

const everyHart = 0xffff_ffff_ffff_ffffn;

/** The harts a (mask, base) pair names, or undefined when it names one that does not exist (SBI 2.0, "Hart list parameter"). */
export const hartsOf = (platform: SbiPlatform, mask: bigint, base: bigint): FirmwareHart[] | undefined => {
  if (base === everyHart) return [...platform.harts];
  const named: FirmwareHart[] = [];
  for (let bit = 0n; bit < 64n; bit++) {
    if (!((mask >> bit) & 1n)) continue;
    const hart = platform.harts.find((h) => BigInt(h.id) === base + bit);
    if (hart === undefined) return undefined;
    named.push(hart);
  }
  return named;
};
