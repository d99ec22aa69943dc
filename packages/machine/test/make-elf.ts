export interface SegmentSpec {
  readonly address: bigint;
  readonly data?: Uint8Array;
  readonly memoryBytes?: bigint;
}

export interface ElfSpec {
  readonly elfClass?: number;
  readonly endian?: number;
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: bigint;
  readonly segments?: readonly SegmentSpec[];
}

/** A minimal ELF file, with whatever defect a test wants. */
export function makeElf(spec: ElfSpec = {}): Uint8Array {
  const segments = spec.segments ?? [{ address: 0x8000_0000n, data: new Uint8Array([0x73, 0, 0x50, 0x10]) }];
  const dataAt = 64 + segments.length * 56;
  const total = dataAt + segments.reduce((sum, segment) => sum + (segment.data?.length ?? 0), 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, spec.elfClass ?? 2, spec.endian ?? 1, 1]);
  view.setUint16(16, spec.type ?? 2, true);
  view.setUint16(18, spec.machine ?? 243, true);
  view.setBigUint64(24, spec.entry ?? segments[0]?.address ?? 0n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let at = dataAt;
  for (const [index, { address, data = new Uint8Array(0), memoryBytes }] of segments.entries()) {
    const header = 64 + index * 56;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, 7, true);
    view.setBigUint64(header + 8, BigInt(at), true);
    view.setBigUint64(header + 16, address, true);
    view.setBigUint64(header + 24, address, true);
    view.setBigUint64(header + 32, BigInt(data.length), true);
    view.setBigUint64(header + 40, memoryBytes ?? BigInt(data.length), true);
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}
