/** Physical memory protection: Privileged Architecture, "Physical Memory Protection". Granularity 4 bytes, 16 entries. */
import { pmpaddr, pmpcfg, pmpEntries } from '../csr/table.ts';
import type { AccessType } from './cause.ts';
import { type CsrFile, M, type Privilege } from './state.ts';

/** An entry that is not off: byte addresses [from, to), never empty. */
export interface PmpRegion {
  readonly from: bigint;
  readonly to: bigint;
  /** R, W, X in bits 0, 1, 2. */
  readonly permissions: number;
  /** L: the permissions bind M-mode too. */
  readonly locked: boolean;
}

const Mode = { off: 0, tor: 1, na4: 2, napot: 3 } as const;
const lockBit = 0x80;
const needed: Readonly<Record<AccessType, number>> = { load: 1, store: 2, fetch: 4 };

const configOf = (file: CsrFile, entry: number): number => {
  const row = pmpcfg[entry >> 3];
  return row ? Number((file.get(row.slot) >> BigInt((entry & 7) * 8)) & 0xffn) : 0;
};
const modeOf = (config: number): number => (config >> 3) & 3;
const addressOf = (file: CsrFile, entry: number): bigint => {
  const row = pmpaddr[entry];
  return row ? file.get(row.slot) : 0n;
};

/** Whether writes to pmpaddr of that entry are ignored: it is locked, or is the lower bound of a locked TOR entry. */
export function pmpAddressLocked(file: CsrFile, entry: number): boolean {
  if (configOf(file, entry) & lockBit) return true;
  if (entry + 1 >= pmpEntries) return false;
  const above = configOf(file, entry + 1);
  return (above & lockBit) !== 0 && modeOf(above) === Mode.tor;
}

/** The bounds of an entry in units of 4 bytes, by its A field. */
function bounds(file: CsrFile, entry: number, mode: number): readonly [bigint, bigint] {
  const address = addressOf(file, entry);
  if (mode === Mode.tor) return [entry === 0 ? 0n : addressOf(file, entry - 1), address];
  if (mode === Mode.na4) return [address, address + 1n];
  const ones = address ^ (address + 1n);
  const base = address & ~ones;
  return [base, base + ones + 1n];
}

/** The entries that match something, in order of priority; keep it until `Touched.pmp`. */
export function pmpRegions(file: CsrFile): readonly PmpRegion[] {
  const regions: PmpRegion[] = [];
  for (let entry = 0; entry < pmpEntries; entry++) {
    const config = configOf(file, entry);
    if (modeOf(config) === Mode.off) continue;
    const [from, to] = bounds(file, entry, modeOf(config));
    const locked = (config & lockBit) !== 0;
    if (from < to) regions.push({ from: from << 2n, to: to << 2n, permissions: config & 7, locked });
  }
  return regions;
}

const allowedBy = (region: PmpRegion, access: AccessType, privilege: Privilege): boolean =>
  (privilege === M && !region.locked) || (region.permissions & needed[access]) !== 0;

/** What the first region that overlaps [from, to) says: 'mixed' when it covers only a part. Without one only M-mode may. */
function verdict(
  regions: readonly PmpRegion[],
  from: bigint,
  to: bigint,
  access: AccessType,
  privilege: Privilege,
): 'allow' | 'deny' | 'mixed' {
  for (const region of regions) {
    if (region.to <= from || to <= region.from) continue;
    if (from < region.from || region.to < to) return 'mixed';
    return allowedBy(region, access, privilege) ? 'allow' : 'deny';
  }
  return privilege === M ? 'allow' : 'deny';
}

/** Whether the regions allow one access of `bytes` bytes at `pa`: the first match must cover all of them. */
export const regionsAllow = (
  regions: readonly PmpRegion[],
  pa: bigint,
  bytes: number,
  access: AccessType,
  privilege: Privilege,
): boolean => verdict(regions, pa, pa + BigInt(bytes), access, privilege) === 'allow';

/** What holds for every access within the 4 KiB page at `page`; 'mixed': ask for each access. */
export const regionsPage = (
  regions: readonly PmpRegion[],
  page: bigint,
  access: AccessType,
  privilege: Privilege,
): 'allow' | 'deny' | 'mixed' => verdict(regions, page, page + 4096n, access, privilege);

/** `regionsAllow` from the CSRs. Out of reset every entry is off, so S- and U-mode may access nothing. */
export const pmpCheck = (
  file: CsrFile,
  pa: bigint,
  bytes: number,
  access: AccessType,
  privilege: Privilege,
): boolean => regionsAllow(pmpRegions(file), pa, bytes, access, privilege);

/** `regionsPage` from the CSRs. */
export const pmpPage = (
  file: CsrFile,
  page: bigint,
  access: AccessType,
  privilege: Privilege,
): 'allow' | 'deny' | 'mixed' => regionsPage(pmpRegions(file), page, access, privilege);
