import { readFileSync } from 'node:fs';

/** A process's memory, in bytes. */
export interface MemoryUse {
  /** The most that was resident at once so far. */
  readonly peakBytes: number;
  /** What is resident now without the guest's RAM; undefined if there is none. */
  readonly beyondRamBytes: number | undefined;
}

const KIB = 1024;

/** What Linux says of the process, or undefined (it is gone; another system). */
export function memoryOf(pid: number, ramBytes: number): MemoryUse | undefined {
  try {
    return memoryUse(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
      ramBytes === 0 ? '' : readFileSync(`/proc/${pid}/smaps`, 'utf8'),
      ramBytes,
    );
  } catch {
    return undefined;
  }
}

/** From the texts of proc(5)'s `status` and `smaps`. The guest's RAM is in the mapping that is as large and most resident. */
export function memoryUse(status: string, smaps: string, ramBytes: number): MemoryUse | undefined {
  const peak = /^VmHWM:\s*(\d+) kB/m.exec(status);
  if (peak === null) return undefined;
  return { peakBytes: Number(peak[1]) * KIB, beyondRamBytes: beyondRam(smaps, ramBytes) };
}

function beyondRam(smaps: string, ramBytes: number): number | undefined {
  let total = 0;
  let ram: number | undefined;
  for (const [, size, resident] of smaps.matchAll(/^Size:\s*(\d+) kB[\s\S]*?^Rss:\s*(\d+) kB/gm)) {
    const bytes = Number(resident) * KIB;
    total += bytes;
    if (Number(size) * KIB >= ramBytes && bytes > (ram ?? -1)) ram = bytes;
  }
  return ram === undefined ? undefined : total - ram;
}
