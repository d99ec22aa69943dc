import { readFileSync } from 'node:fs';

const KIB = 1024;

/** Reads a file of proc(5), or gives '': the process is gone, or this is not Linux. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The most bytes of the process that were resident at once so far. */
export const peakBytes = (pid: number): number | undefined => peakOf(read(pid, 'status'));

/** Bytes that are resident now and not the guest's RAM. Takes the system some milliseconds. */
export const beyondRamBytes = (pid: number, ramBytes: number): number | undefined =>
  beyondRamOf(read(pid, 'smaps'), ramBytes);

/** From the text of `status`. */
export function peakOf(status: string): number | undefined {
  const peak = /^VmHWM:\s*(\d+) kB/m.exec(status);
  return peak === null ? undefined : Number(peak[1]) * KIB;
}

/** From the text of `smaps`. The guest's RAM is in the mapping that is as large, the one with most resident. */
export function beyondRamOf(smaps: string, ramBytes: number): number | undefined {
  let total = 0;
  let ram: number | undefined;
  for (const [, size, resident] of smaps.matchAll(/^Size:\s*(\d+) kB[\s\S]*?^Rss:\s*(\d+) kB/gm)) {
    const bytes = Number(resident) * KIB;
    total += bytes;
    if (Number(size) * KIB >= ramBytes && bytes > (ram ?? -1)) ram = bytes;
  }
  return ram === undefined ? undefined : total - ram;
}
