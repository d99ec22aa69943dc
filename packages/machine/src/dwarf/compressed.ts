import { unzlibSync } from 'fflate';
import { decompress } from 'fzstd';
import type { ElfSection } from '../elf.ts';

const nothing = new Uint8Array(0);
/** Bytes of the compression header, and the field of its algorithm and of the size without compression. */
const header = { bytes: 24, algorithm: 0, size: 8 } as const;
/** More than any guest's debug information; a section that claims to be larger is damaged. */
const mostBytes = 2 ** 28;

/** Algorithms by number: they fill `out`. */
const algorithms: Readonly<Record<number, (data: Uint8Array, out: Uint8Array) => Uint8Array>> = {
  1: (data, out) => unzlibSync(data, { out }),
  2: (data, out) => decompress(data, out),
};

/** The contents of a section, decompressed where it says so ("System V ABI", Section Compression); of a damaged one nothing. */
export function contentsOf({ data, compressed }: ElfSection): Uint8Array {
  if (!compressed) return data;
  if (data.length < header.bytes) return nothing;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const decompressed = algorithms[view.getUint32(header.algorithm, true)];
  const bytes = view.getBigUint64(header.size, true);
  if (decompressed === undefined || bytes > mostBytes) return nothing;
  try {
    return decompressed(data.subarray(header.bytes), new Uint8Array(Number(bytes)));
  } catch {
    return nothing;
  }
}
