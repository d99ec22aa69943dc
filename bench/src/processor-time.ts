import { readFileSync } from 'node:fs';

/** What proc(5) counts in, on every processor Linux runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Fields of `stat` after the command's name and its bracket, counted from 0. */
const Field = { userTime: 11, systemTime: 12 } as const;

/**
 * Milliseconds the process has run on processors so far, ended threads included and children not, to 10 ms; undefined where
 * the system does not say or the process is gone. Other load on the machine hardly counts in it.
 */
export function processorTime(pid: number): number | undefined {
  try {
    return processorTimeOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** From the text of `stat`. The command's name may hold spaces and brackets. */
export function processorTimeOf(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[Field.userTime]) + Number(fields[Field.systemTime]);
  return Number.isNaN(ticks) ? undefined : (ticks * 1000) / TICKS_PER_SECOND;
}
