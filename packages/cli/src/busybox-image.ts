import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { HostError } from '@trapline/core';
import { type CpioEntry, FileType, writeCpio } from './cpio.ts';
import { PackageSource, systemMirror } from './debian-packages.ts';
import { fileError, systemCode } from './files.ts';

/** What the guest's /init prints once it runs. */
export const userspaceMarker = 'trapline: userspace';

/** Drivers of the board's devices that Debian builds as modules, in the order they load. */
const MODULES = ['virtio_mmio', 'virtio_blk', 'virtio-rng'];

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in ${MODULES.join(' ')}; do
  [ -e /modules/$module.ko.xz ] && xzcat /modules/$module.ko.xz >/tmp/module.ko && insmod /tmp/module.ko
done
rm -f /tmp/module.ko
echo '${userspaceMarker}'
grep -q trapline.poweroff /proc/cmdline && poweroff -f
setsid cttyhack sh
poweroff -f
`;

/** Where the built files are. */
export interface BusyboxImage {
  readonly kernel: string;
  readonly initrd: string;
}

/**
 * Builds Debian's riscv64 kernel and an initramfs around Debian's busybox into `directory`, as an ordinary user, from the
 * mirror given or the system's own. Throws HostError.
 */
export async function buildBusyboxImage(
  directory: string,
  mirror: string | undefined,
  progress: (text: string) => unknown,
): Promise<BusyboxImage> {
  const work = join(resolve(directory), 'work');
  try {
    mkdirSync(work, { recursive: true });
  } catch (error) {
    throw fileError('output directory', directory, error);
  }
  try {
    progress('reading package lists');
    const source = await PackageSource.open(join(work, 'apt'), mirror ?? systemMirror());
    const kernelPackage = await source.dependencyOf('linux-image-riscv64');
    progress(`fetching ${kernelPackage}`);
    await source.unpack(kernelPackage, join(work, 'kernel'));
    progress('fetching busybox-static');
    await source.unpack('busybox-static', join(work, 'busybox'));
    return assemble(directory, work);
  } catch (error) {
    throw error instanceof HostError || systemCode(error) === undefined
      ? error
      : fileError('output directory', directory, error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function assemble(directory: string, work: string): BusyboxImage {
  const kernel = join(directory, 'Image');
  const initrd = join(directory, 'initrd.gz');
  const boot = join(work, 'kernel/boot');
  const image = readdirSync(boot).find((name) => /^vmlinu[xz]-/.test(name));
  if (image === undefined) throw missing('kernel');
  copyFileSync(join(boot, image), kernel);
  const busybox = ['usr/bin/busybox', 'bin/busybox']
    .map((path) => join(work, 'busybox', path))
    .find(existsSync);
  if (busybox === undefined) throw missing('busybox');
  writeFileSync(initrd, gzipSync(writeCpio(initramfs(readFileSync(busybox), findModules(work)))));
  return { kernel, initrd };
}

const missing = (what: string): HostError =>
  new HostError('package-missing', `the mirror's package holds no ${what} where Debian has it`, {
    hint: 'Give another mirror: --mirror URL.',
  });

function findModules(work: string): string[] {
  const root = join(work, 'kernel');
  const wanted = new Set(MODULES.map((name) => `${name}.ko.xz`));
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => wanted.has(basename(path)))
    .map((path) => join(root, path));
}

function initramfs(busybox: Uint8Array, modules: readonly string[]): CpioEntry[] {
  const directories = ['bin', 'dev', 'etc', 'modules', 'proc', 'root', 'sys', 'tmp'];
  return [
    ...directories.map((path): CpioEntry => ({ path, mode: FileType.directory | 0o755 })),
    // The kernel opens it for /init before devtmpfs is mounted.
    { path: 'dev/console', mode: FileType.character | 0o600, device: [5, 1] },
    { path: 'bin/busybox', mode: FileType.file | 0o755, data: busybox },
    { path: 'init', mode: FileType.file | 0o755, data: new TextEncoder().encode(init) },
    ...modules.map(
      (path): CpioEntry => ({
        path: `modules/${basename(path)}`,
        mode: FileType.file | 0o644,
        data: readFileSync(path),
      }),
    ),
  ];
}
