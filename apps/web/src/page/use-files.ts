import { choose } from '../files/choose.ts';
import type { FileRole } from '../machine/config.ts';
import type { GivenFile } from '../machine/protocol.ts';
import type { MachineTab } from './machine-tab.ts';

/** Boots the machine with these files in place of the ones it has. */
export async function useFiles(tab: MachineTab, given: readonly File[]): Promise<void> {
  const { files, complaints } = await choose(given);
  if (Object.keys(files).length > 0) await tab.boot(replacements(files));
  for (const complaint of complaints) tab.tell(complaint);
}

/** A new kernel without a disk or an initial RAM disk of its own does not get the last guest's. */
function replacements(files: Readonly<Partial<Record<FileRole, File>>>) {
  const others =
    files.kernel || files.bios ? { kernel: null, initrd: null, disk: null, bios: null, dtb: null } : {};
  const given: Partial<Record<FileRole, GivenFile | null>> = { ...others };
  for (const [role, file] of Object.entries(files) as [FileRole, File][])
    given[role] = { name: file.name, blob: file };
  return given;
}
