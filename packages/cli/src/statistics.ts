import type { Machine, MachineStats } from '@trapline/machine';
import type { Outcome } from './run-guest.ts';

const count = (value: number): string => value.toLocaleString('en-US');

const rate = ({ instructions, busySeconds }: MachineStats): number =>
  busySeconds > 0 ? instructions / busySeconds : 0;

function table(title: string, counts: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return rows.length === 0
    ? []
    : [title, ...rows.map(([name, value]) => `  ${name.padEnd(24)}${count(value).padStart(16)}`)];
}

/** Statistics for people. */
export function statisticsLines(stats: MachineStats): string[] {
  const exits = Object.values(stats.exits).reduce((sum, value) => sum + value, 0);
  return [
    `${count(stats.instructions)} instructions in ${stats.busySeconds.toFixed(3)} s busy (${(rate(stats) / 1e6).toFixed(1)} M/s), ${stats.idleSeconds.toFixed(3)} s idle`,
    ...(stats.harts.length > 1
      ? stats.harts.map((hart) => `  hart ${hart.id} ${count(hart.instructions)}`)
      : []),
    `${count(stats.tlbMisses)} TLB misses`,
    ...table(`${count(exits)} exits to the monitor`, stats.exits),
    ...table('shadow page tables', stats.shadow),
    ...table('SBI calls', stats.sbiCalls),
  ];
}

/** The object `--json` prints. */
export function jsonReport(machine: Machine, outcome: Outcome): Record<string, unknown> {
  const stats = machine.stats();
  return {
    exitCode: outcome.code,
    reason: outcome.reason,
    message: outcome.message,
    ...stats,
    instructionsPerSecond: Math.round(rate(stats)),
    ramHash: machine.ramHash(),
  };
}
