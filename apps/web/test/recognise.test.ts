import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { choose } from '../src/files/choose.ts';
import { recognise } from '../src/files/recognise.ts';

const perch = readFileSync(new URL('../../../guests/built/kernel.elf', import.meta.url));
const ascii = (text: string, bytes = text.length) => {
  const all = new Uint8Array(bytes);
  all.set(new TextEncoder().encode(text));
  return all;
};
const of = (name: string, head: Uint8Array, bytes = head.length) =>
  recognise({ name, head: head.slice(0, 4096), bytes }).then((found) => found?.role);

function userProgram(): Uint8Array {
  const elf = new Uint8Array(perch.subarray(0, 4096));
  new DataView(elf.buffer).setBigUint64(24, 0n, true);
  return elf;
}

const image = () => {
  const head = new Uint8Array(512);
  head.set(ascii('RSC\x05'), 0x38);
  return head;
};

describe('what a file is for', () => {
  it.each([
    ['kernel', perch, 'kernel'],
    ['fw_jump.elf', perch, 'bios'],
    ['Image', image(), 'kernel'],
    ['vmlinuz-6.12', gzipSync(image()), 'kernel'],
    ['vmlinuz.efi', ascii('MZ\0\0zimg', 512), 'kernel'],
    ['initrd.img', gzipSync(ascii('070701', 512)), 'initrd'],
    ['root.cpio', ascii('070701', 512), 'initrd'],
    ['virt.dtb', Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed), 'dtb'],
    ['fs.img', new Uint8Array(512), 'disk'],
    ['README', ascii('hello'), undefined],
    ['kernel.asm', ascii('kernel: file format'), undefined],
  ])('%s', async (name, head, role) => {
    expect(await of(name, new Uint8Array(head))).toBe(role);
  });

  it('knows a program for another program’s address space from a kernel', async () => {
    expect(await of('_cat', userProgram())).toBeUndefined();
  });

  it('takes a damaged gzip file for what its name says', async () => {
    expect(await of('initramfs.cpio.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2))).toBe('initrd');
  });
});

describe('choosing from a folder', () => {
  const file = (name: string, bytes: Uint8Array) => new File([new Uint8Array(bytes)], name);

  it('finds the kernel and the disk of an xv6 build, and keeps quiet about the rest', async () => {
    const { files, complaints } = await choose([
      file('_cat', userProgram()),
      file('kernel.asm', ascii('text')),
      file('fs.img', new Uint8Array(1024)),
      file('mkfs.c', ascii('int main')),
      file('kernel', perch),
    ]);
    expect(files.kernel?.name).toBe('kernel');
    expect(files.disk?.name).toBe('fs.img');
    expect(complaints).toEqual([]);
  });

  it('says in a sentence each what found no use', async () => {
    const { files, complaints } = await choose([
      file('notes.txt', ascii('hello')),
      file('void', new Uint8Array(0)),
    ]);
    expect(files).toEqual({});
    expect(complaints).toEqual([
      'notes.txt is not a kernel, initial RAM disk, disk, firmware or device tree this machine knows.',
      'void is empty.',
    ]);
  });
});
