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

/** The part of all instructions that ran as translated code, 0 to 1; undefined where nothing translates. */
const translatedShare = ({ instructions, engine }: MachineStats): number | undefined =>
  engine.translated === undefined ? undefined : engine.translated / Math.max(1, instructions);

function engineLines(stats: MachineStats): string[] {
  const { name, regions = 0, translations = 0, compiledBytes = 0, compileMilliseconds = 0 } = stats.engine;
  const share = translatedShare(stats);
  if (share === undefined) return [];
  return [
    `${name}: ${(share * 100).toFixed(1)} % of the instructions in translated code; ${count(regions)} regions in use, ${count(translations)} ever made`,
    `  ${count(compiledBytes)} bytes of WebAssembly, ${(compileMilliseconds / 1000).toFixed(3)} s making and compiling it`,
  ];
}

/** Statistics for people. */
export function statisticsLines(stats: MachineStats): string[] {
  const exits = Object.values(stats.exits).reduce((sum, value) => sum + value, 0);
  return [
    `${count(stats.instructions)} instructions in ${stats.busySeconds.toFixed(3)} s busy (${(rate(stats) / 1e6).toFixed(1)} M/s), ${stats.idleSeconds.toFixed(3)} s idle`,
    ...(stats.harts.length > 1
      ? stats.harts.map((hart) => `  hart ${hart.id} ${count(hart.instructions)}`)
      : []),
    ...engineLines(stats),
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
    translatedShare: translatedShare(stats),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    ramHash: machine.ramHash(),
  };
}
