import type { FileRole } from '../machine/config.ts';

/** What a file is for, and how sure its contents make that; undefined when nothing here can use it. */
export interface Recognised {
  readonly role: FileRole;
  /** Higher wins when several files of a folder could play the same role. */
  readonly rank: number;
}

/** A file as it is recognised: its name, its size and its first bytes. */
export interface Candidate {
  readonly name: string;
  readonly bytes: number;
  readonly head: Uint8Array;
}

/** How much of a file `recognise` wants to see. */
export const headBytes = 4096;

const ramBase = 0x8000_0000n;
const sectorBytes = 512;

const text = (head: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...head.subarray(from, from + length));

const isElf = (head: Uint8Array): boolean => text(head, 0, 4) === '\x7fELF';
const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;
const isCpio = (head: Uint8Array): boolean => text(head, 0, 5) === '07070';
const isDeviceTree = (head: Uint8Array): boolean => text(head, 0, 4) === '\xd0\x0d\xfe\xed';
const isLinuxImage = (head: Uint8Array): boolean =>
  text(head, 0x38, 4) === 'RSC\x05' || (text(head, 0, 2) === 'MZ' && text(head, 4, 4) === 'zimg');

/** Whether an ELF file's entry is a kernel's: a folder of xv6 also holds its user programs, linked at 0. */
function startsInRam(head: Uint8Array): boolean {
  if (head.length < 64 || head[4] !== 2 || head[5] !== 1) return true;
  const entry = new DataView(head.buffer, head.byteOffset).getBigUint64(24, true);
  return entry >= ramBase;
}

const kernelNames = /^(kernel|vmlinux|vmlinuz|image|bzimage)/i;
const firmwareNames = /^(fw_|opensbi)/i;
const diskNames = /\.(img|raw|qcow2|iso|ext[234])$|^(disk|root|rootfs|fs)/i;
const initrdNames = /^(initrd|initramfs)|\.(cpio|igz)/i;

/** The first bytes of what a gzip file holds; empty when it is damaged. */
async function unzippedHead(head: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([head]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    const { value } = await reader.read();
    return value ?? new Uint8Array(0);
  } catch {
    return new Uint8Array(0);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** What the file is for, by its contents first and its name second. */
export async function recognise({ name, bytes, head }: Candidate): Promise<Recognised | undefined> {
  const inner = isGzip(head) ? await unzippedHead(new Uint8Array(head)) : head;
  if (isDeviceTree(inner)) return { role: 'dtb', rank: 1 };
  if (isCpio(inner)) return { role: 'initrd', rank: 3 };
  if (isElf(inner)) {
    if (!startsInRam(inner)) return undefined;
    if (firmwareNames.test(name)) return { role: 'bios', rank: 2 };
    return { role: 'kernel', rank: kernelNames.test(name) ? 3 : 2 };
  }
  if (isLinuxImage(inner)) return { role: 'kernel', rank: 2 };
  if (initrdNames.test(name)) return { role: 'initrd', rank: 1 };
  if (kernelNames.test(name) && !/\.(ld|asm|sym|txt|c|h|o|d)$/i.test(name))
    return { role: 'kernel', rank: 1 };
  if (diskNames.test(name) && bytes > 0) return { role: 'disk', rank: bytes % sectorBytes === 0 ? 2 : 1 };
  return undefined;
}
