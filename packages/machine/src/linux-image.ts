/** The header of a RISC-V Linux `Image` (Linux, "Boot image header in RISC-V Linux"). */
export interface LinuxImage {
  /** Bytes from the start of RAM to where the image is loaded. */
  readonly textOffset: number;
  /** Bytes the kernel needs from there, with its bss; at least the file's size. */
  readonly memoryBytes: number;
}

const HEADER_BYTES = 64;
const MAGIC2 = 0x05435352; // "RSC\x05"

/** Reads the header, or gives undefined when the bytes are no RISC-V Linux Image. */
export function readLinuxImage(bytes: Uint8Array): LinuxImage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(56, true) !== MAGIC2) return undefined;
  return {
    textOffset: Number(view.getBigUint64(8, true)),
    memoryBytes: Math.max(Number(view.getBigUint64(16, true)), bytes.length),
  };
}
