import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DiskBackend } from '@trapline/core';
import { HostError } from '@trapline/core';
import { MemoryDisk } from '@trapline/devices';
import type { NamedFile } from '@trapline/machine';
import { readNamed } from './files.ts';

/** What the command line calls the built-in guest. */
export const builtinGuestName = 'perch';

// A package carries the guest beside its code (the build copies it); in a clone the sources find it where it is built.
const PLACES = ['./guests/', '../../../guests/built/'];

const locate = (file: string): string | undefined =>
  PLACES.map((place) => fileURLToPath(new URL(place + file, import.meta.url))).find((path) =>
    existsSync(path),
  );

/** Whether both files of the built-in guest are there. */
export const builtinGuestPresent = (): boolean =>
  locate('kernel.elf') !== undefined && locate('disk.img') !== undefined;

/** The built-in guest: its kernel, and its disk, whose changes last as long as the run. Throws HostError `guest-missing`. */
export function builtinGuest(): { kernel: NamedFile; disk: DiskBackend } {
  const [kernel, disk] = [locate('kernel.elf'), locate('disk.img')];
  if (kernel === undefined || disk === undefined)
    throw new HostError('guest-missing', 'the built-in guest is not in this installation', {
      hint: 'In a clone, run npm start; otherwise install the package again, or name a guest.',
    });
  return {
    kernel: { ...readNamed('kernel', kernel), name: builtinGuestName },
    disk: new MemoryDisk(readNamed('disk', disk).bytes),
  };
}
