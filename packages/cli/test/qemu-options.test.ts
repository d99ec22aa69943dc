import { HostError } from '@trapline/core';
import { expect, test } from 'vitest';
import { parseQemu, qemuHelp, qemuVersion } from '../src/qemu-options.ts';
import { FakeHost } from './support/fake-host.ts';

const MIB = 1024 ** 2;
const words = (line: string): string[] => line.split(' ').filter(Boolean);

// The command line of xv6-riscv's Makefile.
const xv6 = `-machine virt -bios none -kernel kernel/kernel -m 128M -smp 3 -nographic
  -global virtio-mmio.force-legacy=false -drive file=fs.img,if=none,format=raw,id=x0
  -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0`.replaceAll('\n', ' ');

test('understands the command line of xv6', () => {
  expect(parseQemu(words(xv6))).toMatchObject({
    guest: 'kernel/kernel',
    bios: 'none',
    ramBytes: 128 * MIB,
    harts: 3,
    disks: [{ path: 'fs.img', readOnly: false, slot: 0 }],
  });
});

test('understands long spellings and defaults', () => {
  const line =
    '--M virt -smp cpus=2 -m size=64 -kernel k -append one -drive file=d,if=virtio,readonly=on,format=raw -bios default';
  expect(parseQemu(words(line))).toMatchObject({
    ramBytes: 64 * MIB,
    harts: 2,
    append: 'one',
    bios: 'builtin',
    disks: [{ path: 'd', readOnly: true }],
  });
  expect(parseQemu(['-kernel', 'k'])).toMatchObject({ ramBytes: 128 * MIB, harts: 1 });
});

test('a drive that no device uses is not attached', () => {
  expect(parseQemu(words('-kernel k -drive file=d,if=none,id=x'))).toMatchObject({ disks: [] });
});

test.each([
  ['-frobnicate', '-frobnicate'],
  ['-kernel k kernel2', 'kernel2'],
  ['-kernel k -s', 'GDB'],
  ['-kernel k -S', 'GDB'],
  ['-kernel k -gdb tcp::1234', 'GDB tcp::1234'],
  ['-kernel k -machine sifive_u', 'sifive_u'],
  ['-kernel k -device virtio-net-device', 'virtio-net-device'],
  ['-kernel k -device virtio-blk-device,drive=x0', 'x0'],
  ['-kernel k -drive file=a,if=none,id=x -device virtio-blk-device,drive=x,bus=virtio-mmio-bus.8', '8'],
  ['-kernel k -drive file=a,format=qcow2', 'qcow2'],
  ['-kernel k -drive if=none', 'no file'],
  ['-kernel k -global virtio-mmio.force-legacy=true', 'force-legacy'],
  ['-kernel k -smp 9', '9'],
  ['-kernel k -m zero', 'zero'],
  ['-kernel', '-kernel'],
  ['-m 128M', '-kernel'],
])('refuses %s in a sentence that names %s', (line, named) => {
  expect(() => parseQemu(words(line))).toThrow(HostError);
  expect(() => parseQemu(words(line))).toThrow(named);
});

test('-version and -help parse as Makefiles expect', () => {
  for (const option of ['-version', '--version']) expect(parseQemu([option])).toBe('version');
  for (const option of ['-help', '--help', '-h']) expect(parseQemu([option])).toBe('help');
  // What xv6 does: sed takes the version apart, grep looks for the option.
  expect(/^QEMU emulator version ([0-9]+\.[0-9]+)\..*/.exec(qemuVersion())?.[1]).toBe('9.2');
  expect(qemuHelp()).toMatch(/^-gdb/m);
});

test('trapline qemu leaves every option to QEMU', async () => {
  const version = new FakeHost();
  expect(await version.run('qemu', '--version')).toBe(0);
  expect(version.stdout.text).toBe(`${qemuVersion()}\n`);
  const help = new FakeHost();
  expect(await help.run('qemu', '-help')).toBe(0);
  expect(help.stdout.text).toBe(qemuHelp());
  const wrong = new FakeHost();
  expect(await wrong.run('qemu', '-kernel', 'k', '--frobnicate')).toBe(2);
  expect(wrong.stderr.text).toContain('--frobnicate');
});
