import type { CsrFile } from '../privileged/state.ts';
import { csrSlots, csrTable, mhartid } from './table.ts';

/**
 * A CSR file over `csrSlots * 8` bytes of `buffer` at `byteOffset` (a multiple of 8). It aliases the buffer, so make a new
 * one after a WebAssembly.Memory grew.
 */
export function csrFile(buffer: ArrayBufferLike, byteOffset = 0): CsrFile {
  const values = new BigUint64Array(buffer, byteOffset, csrSlots);
  return {
    get: (slot) => values[slot] as bigint,
    set: (slot, value) => {
      values[slot] = value;
    },
  };
}

/** A CSR file in memory of its own. */
export const newCsrFile = (): CsrFile => csrFile(new ArrayBuffer(csrSlots * 8));

/** Gives every slot its reset value. */
export function resetCsrs(file: CsrFile, options: { readonly hartId: number }): void {
  for (const row of csrTable) if (row.kind === 'csr' && row.slot >= 0) file.set(row.slot, row.reset);
  file.set(mhartid.slot, BigInt(options.hartId));
}
