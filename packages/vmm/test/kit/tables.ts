import { aliasDistance, farBase, ram, tableAt } from './layout.ts';

/** Doublewords to put in memory before the program starts. */
export type Patch = readonly [address: number, value: bigint];

export type TableName = Parameters<typeof tableAt>[1];

/** A page-table entry with the low bits `flags` (and, above the page number, what else is in them). */
export const pte = (address: number | bigint, flags: bigint): bigint =>
  ((BigInt(address) >> 12n) << 10n) | flags;
export const pointer = (hart: number, table: TableName): bigint => pte(tableAt(hart, table), 1n);
export const entryAt = (hart: number, table: TableName, index: number): number =>
  tableAt(hart, table) + 8 * index;

const root = (hart: number, table: 'rootA' | 'rootB'): Patch[] => [
  [entryAt(hart, table, 0), pointer(hart, 'window1')],
  [entryAt(hart, table, 1), pointer(hart, 'alias')],
  [entryAt(hart, table, 2), pointer(hart, 'identity')],
  [entryAt(hart, table, 3), pte(0, 0xc7n)],
  [entryAt(hart, table, 4), pte(0, 0xd7n)],
  [entryAt(hart, table, 5), pointer(hart, table === 'rootA' ? 'rootA' : 'window0')],
  [entryAt(hart, table, 510), pointer(hart, 'window1')],
];

/**
 * Page tables of one hart but for the pages of the window: code and data where they are for S-mode, code at 0x40000000 for U-mode,
 * devices at 0xc0000000 for S-mode and 0x100000000 for U-mode, and `superpage` in the middle of the window's table.
 */
export const standingTables = (hart: number, superpage: bigint): Patch[] => [
  ...root(hart, 'rootA'),
  ...root(hart, 'rootB'),
  [entryAt(hart, 'rootC', 0), pointer(hart, 'rootA')],
  [entryAt(hart, 'rootC', 511), pointer(hart, 'rootA')],
  [entryAt(hart, 'rootD', 0), pointer(hart, 'rootC')],
  [entryAt(hart, 'rootD', 511), pointer(hart, 'rootC')],
  [entryAt(hart, 'identity', 0), pte(ram, 0xcfn)],
  [entryAt(hart, 'identity', 1), pte(farBase, 0xc7n)],
  [entryAt(hart, 'alias', (ram - aliasDistance - 0x4000_0000) / 0x20_0000), pte(ram, 0x5bn)],
  [entryAt(hart, 'window1', 128), pointer(hart, 'window0')],
  [entryAt(hart, 'window1', 129), superpage],
  [entryAt(hart, 'window1', 130), pointer(hart, 'window0')],
];

/** satp for one of a hart's roots. */
export const satpOf = (hart: number, table: 'rootA' | 'rootB' | 'rootC' | 'rootD', asid = 0): bigint => {
  const mode = { rootA: 8n, rootB: 8n, rootC: 9n, rootD: 10n }[table];
  return (mode << 60n) | (BigInt(asid) << 44n) | BigInt(tableAt(hart, table) / 4096);
};
