import { HostError } from '@trapline/core';
import { type Elf, isElf, parseElf } from './elf.ts';
import { type LinuxImage, readLinuxImage } from './linux-image.ts';

/** A file's bytes and the name errors call it by. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Something bootable, recognised. */
export type Kernel =
  | { readonly format: 'elf'; readonly name: string; readonly elf: Elf }
  | {
      readonly format: 'linux';
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly image: LinuxImage;
    }
  | { readonly format: 'flat'; readonly name: string; readonly bytes: Uint8Array };

/**
 * Recognises an ELF executable, a Linux `Image` (plain, gzip-compressed, or inside an EFI zboot wrapper) or takes the file for
 * a flat binary. Throws HostError `kernel-*` or `elf-*`.
 */
export async function readKernel(file: NamedFile): Promise<Kernel> {
  const bytes = await unpack(file);
  const { name } = file;
  if (bytes.length === 0)
    throw new HostError('kernel-empty', `${name} is empty`, { hint: 'Give an ELF file or a Linux Image.' });
  // A file cut off inside the magic number is still no flat binary.
  if (isElf(bytes) || (bytes.length < 4 && bytes[0] === 0x7f))
    return { format: 'elf', name, elf: parseElf(bytes, name) };
  const image = readLinuxImage(bytes);
  return image ? { format: 'linux', name, bytes, image } : { format: 'flat', name, bytes };
}

const ascii = (bytes: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(from, from + length));

async function unpack({ name, bytes }: NamedFile): Promise<Uint8Array> {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzip(bytes, name);
  if (bytes.length < 64 || ascii(bytes, 0, 2) !== 'MZ' || ascii(bytes, 4, 4) !== 'zimg') return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const method = ascii(bytes, 24, 32).replace(/\0.*$/s, '');
  if (method !== 'gzip')
    throw new HostError('kernel-compression', `${name} is an EFI image compressed with ${method}`, {
      hint: 'Unpack its kernel first, or give the plain Image.',
    });
  const start = view.getUint32(8, true);
  return gunzip(bytes.subarray(start, start + view.getUint32(12, true)), name);
}

async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new HostError('kernel-gzip', `${name} does not decompress`, {
      hint: 'The file is damaged: copy or build it again.',
      cause,
    });
  }
}
