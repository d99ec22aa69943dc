import {
  dataBase,
  dataPages,
  executableBase,
  farBase,
  hole,
  ram,
  tableAt,
  tableWindow,
  windowPages,
} from '../kit/layout.ts';
import { entryAt, type Patch, pte, standingTables } from '../kit/tables.ts';
import type { Rng } from './rng.ts';

/** A random entry for a page of the window: mostly a page of data with mostly sensible bits. */
export const randomEntry = (rng: Rng): bigint => {
  const bit = (percent: number, at: bigint): bigint => (rng.chance(percent) ? 1n << at : 0n);
  const target = rng.weighted<() => readonly [address: number | bigint, mask: bigint]>([
    [80, () => [dataBase + 0x1000 * rng.below(dataPages), ~0n]],
    [6, () => [executableBase + 0x1000 * rng.below(2), ~4n]],
    [6, () => [0x10_0000, ~0n]],
    [3, () => [hole, ~0n]],
    [3, () => [farBase + 0x1000 * rng.below(4), ~0n]],
    [2, () => [rng.value() & 0xff_ffff_ffff_f000n & ~(0xffn << 32n) & ~0xf000_0000n, ~0n]],
  ])();
  const flags =
    bit(92, 0n) |
    bit(85, 1n) |
    bit(65, 2n) |
    bit(30, 3n) |
    bit(50, 4n) |
    bit(10, 5n) |
    bit(70, 6n) |
    bit(65, 7n);
  const odd = bit(10, 8n) | bit(10, 9n) | bit(2, BigInt(rng.between(54, 60))) | bit(4, 61n) | bit(4, 62n);
  const [address, mask] = target;
  const [napot, at] = rng.chance(4) ? [1n << 63n, dataBase + 0x8000] : [0n, address];
  return (pte(at, flags | odd) | napot) & mask;
};

/** For the window's code pages: never writable, so that code stays what it was. */
export const codeEntry = (rng: Rng): bigint => {
  const page = executableBase + 0x1000 * rng.below(2);
  return pte(page, rng.pick([0x4bn, 0x5bn, 0x5bn, 0x4bn, 0x59n, 0x49n, 0xbn, 0x1bn, 0x43n, 0n, 0x1_5bn]));
};

/** For the window's views of its own tables: never U-mode's. */
export const tableEntry = (rng: Rng, hart: number): bigint => {
  const table = rng.pick(['window0', 'window1', 'unused'] as const);
  return pte(tableAt(hart, table), rng.pick([0xc7n, 0xc7n, 0xc7n, 0x47n, 7n, 0x43n, 0xc3n, 0xcfn]));
};

/** For the entry of a whole 2 MiB: RAM ends in the middle of it. */
export const superEntry = (rng: Rng): bigint =>
  rng.pick([
    pte(farBase, 0xc7n),
    pte(farBase, 0xd7n),
    pte(farBase, 0x47n),
    pte(farBase, 0x17n),
    pte(farBase, 0x53n),
    pte(farBase + 0x1000, 0xd7n),
    pte(farBase, 0xd5n),
    pte(farBase, 0n),
    pte(ram, 0x43n),
    pte(ram, 0x53n),
  ]);

/** What entry of the window's leaf table may hold. */
export const entryFor = (rng: Rng, hart: number, index: number): bigint => {
  if (index < windowPages) return randomEntry(rng);
  return index < tableWindow ? codeEntry(rng) : tableEntry(rng, hart);
};

/** Page tables of one hart as they are when it starts. */
export const initialTables = (rng: Rng, hart: number): Patch[] => [
  ...standingTables(hart, superEntry(rng)),
  ...Array.from({ length: 28 }, (_, i): Patch => [entryAt(hart, 'window0', i), entryFor(rng, hart, i)]),
];
