import { M, type PmpRegion, regionsAllow, U } from '@trapline/isa';
import type { RamRegion } from '../bus.ts';
import { accesses } from './context-facts.ts';

/**
 * RAM as a refill sees it: a list of spans of whole pages that PMP treats alike, up to one of no bytes. What is not in the list
 * is left to TypeScript. A span is its physical address, its bytes, and two i32: what added to a physical address gives the
 * host offset, and what is allowed.
 */
export const spanBytes = 24;
export const maxSpans = 8;
export const spanField = { address: 0, bytes: 8, addend: 16, allowed: 20 } as const;

/** Bits of `allowed`: accesses in their order for S- and U-mode, then for M-mode. */
export const allowedBit = (access: (typeof accesses)[number], machine: boolean): number =>
  1 << (accesses.indexOf(access) + (machine ? accesses.length : 0));

export interface Span {
  readonly address: number;
  readonly bytes: number;
  readonly offset: number;
  readonly allowed: number;
}

/** Where PMP may say something else, and the ends: whole pages, ascending. */
function cuts({ address, bytes }: RamRegion, regions: readonly PmpRegion[]): number[] {
  const bounds = regions
    .flatMap(({ from, to }) => [from, to])
    .flatMap((bound) => [bound & ~0xfffn, (bound + 0xfffn) & ~0xfffn])
    .filter((bound) => bound > BigInt(address) && bound < BigInt(address + bytes))
    .map(Number);
  return [...new Set([address, ...bounds, address + bytes])].sort((a, b) => a - b);
}

function allowedIn(regions: readonly PmpRegion[], address: number, bytes: number): number {
  let allowed = 0;
  for (const access of accesses) {
    for (const privilege of [U, M]) {
      if (!regionsAllow(regions, BigInt(address), bytes, access, privilege)) continue;
      allowed |= allowedBit(access, privilege === M);
    }
  }
  return allowed;
}

const isPages = ({ address, bytes, offset }: RamRegion): boolean => (address | bytes | offset) % 4096 === 0;

/** The spans of a map, the largest first. */
export function spansOf(map: readonly RamRegion[], regions: readonly PmpRegion[]): readonly Span[] {
  const spans = map.filter(isPages).flatMap((region) => {
    const at = cuts(region, regions);
    return at.slice(1).map((end, n): Span => {
      const address = at[n]!;
      const offset = region.offset + (address - region.address);
      return { address, bytes: end - address, offset, allowed: allowedIn(regions, address, end - address) };
    });
  });
  return spans.filter(({ allowed }) => allowed !== 0).sort((a, b) => b.bytes - a.bytes);
}

/** Writes the first spans that fit. */
export function writeSpans(field: BigUint64Array, spans: readonly Span[]): void {
  const view = new DataView(field.buffer, field.byteOffset, (maxSpans + 1) * spanBytes);
  for (let n = 0; n <= maxSpans; n++) {
    const span = n < maxSpans ? spans[n] : undefined;
    view.setBigUint64(n * spanBytes + spanField.address, BigInt(span?.address ?? 0), true);
    view.setBigUint64(n * spanBytes + spanField.bytes, BigInt(span?.bytes ?? 0), true);
    view.setInt32(
      n * spanBytes + spanField.addend,
      span === undefined ? 0 : span.offset - span.address,
      true,
    );
    view.setInt32(n * spanBytes + spanField.allowed, span?.allowed ?? 0, true);
  }
}
