import type { Machine, MachineStats } from '@trapline/machine';

/** How often a hart was found in each mode, or waiting. */
export interface ModeCount {
  readonly M: number;
  readonly S: number;
  readonly U: number;
  readonly waiting: number;
}

/** A machine's figures at a moment, in milliseconds of any clock. */
export interface Sample {
  readonly atMs: number;
  readonly stats: MachineStats;
}

/** What a page of the live view shows. */
export interface LivePage {
  readonly guest: string;
  readonly monitor: 'shadow' | 'none';
  readonly before: Sample;
  readonly now: Sample;
  /** By hart, since the last page. */
  readonly modes: readonly ModeCount[];
  /** Bytes the guest printed that wait for this view to close. */
  readonly printed: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const barColumns = 20;
const nameColumns = 22;
const count = (value: number): string => value.toLocaleString('en-US');

/** Three figures and a unit. */
export function short(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  let [scaled, unit] = [value, 0];
  while (scaled >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = (unit === 0 && Number.isInteger(value)) || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${scaled.toFixed(digits)}${unit === 0 ? '' : ` ${units[unit]}`}`;
}

const bar = (part: number): string =>
  '\u2588'.repeat(Math.round(Math.min(1, Math.max(0, part)) * barColumns)).padEnd(barColumns);

const heading = (title: string, ...columns: string[]): string =>
  `${title.padEnd(nameColumns + 2)}${columns.map((column) => column.padStart(12)).join('')}`;

/** The page as lines of the terminal: as many and as wide as fit, the first one a title in reverse video. */
export function liveLines(page: LivePage, { columns, rows }: Size): string[] {
  const keys = 'q or Ctrl-A t closes ';
  const title = ` Trapline live: ${page.guest}`;
  const lines = [
    title.padEnd(Math.max(title.length + 1, columns - keys.length)) + keys,
    ...speedLines(page),
    '',
    ...modeLines(page),
    '',
    ...exitLines(page),
    '',
    ...deviceLines(page),
  ];
  const fitting =
    lines.length <= rows
      ? lines
      : [...lines.slice(0, rows - 1), `\u2026 ${lines.length - rows + 1} more lines`];
  return fitting.map((line, at) => {
    const cut = [...line].slice(0, columns).join('');
    return at === 0 ? `\x1b[7m${cut.padEnd(columns)}\x1b[0m` : cut;
  });
}

const seconds = ({ before, now }: LivePage): number => Math.max(1, now.atMs - before.atMs) / 1000;

function speedLines(page: LivePage): string[] {
  const { before, now, printed } = page;
  const passed = seconds(page);
  const ran = now.stats.instructions - before.stats.instructions;
  const busy = Math.min(1, (now.stats.busySeconds - before.stats.busySeconds) / passed);
  const misses = (now.stats.tlbMisses - before.stats.tlbMisses) / passed;
  const { engine } = now.stats;
  const translated =
    engine.translated === undefined || ran === 0
      ? ''
      : `, ${percent((engine.translated - (before.stats.engine.translated ?? 0)) / ran).trim()} of them translated`;
  return [
    `${short(ran / passed)} instructions/s${translated}, ${percent(busy).trim()} busy, ${short(misses)} TLB misses/s`,
    `${short(now.stats.instructions)} instructions so far, ${engine.name}, ${page.monitor === 'none' ? 'no monitor' : `${page.monitor} monitor`}${printed === 0 ? '' : `; ${count(printed)} bytes printed since`}`,
  ];
}

const percent = (part: number): string => `${(part * 100).toFixed(0).padStart(3)} %`;

function modeLines({ modes }: LivePage): string[] {
  const names = ['M', 'S', 'U', 'waiting'] as const;
  return [
    heading('Virtual modes, sampled', ...names),
    ...modes.map((found, hart) => {
      const all = Math.max(1, found.M + found.S + found.U + found.waiting);
      const shares = names.map((name) => percent(found[name] / all).padStart(12));
      return `  ${`hart ${hart}`.padEnd(nameColumns)}${shares.join('')}`;
    }),
  ];
}

function exitLines(page: LivePage): string[] {
  const { before, now, monitor } = page;
  if (monitor === 'none') return ['Exits to the monitor: none, the machine is bare'];
  const rates = Object.entries(now.stats.exits).map(([name, total]) => ({
    name,
    total,
    rate: (total - (before.stats.exits[name] ?? 0)) / seconds(page),
  }));
  const most = Math.max(1, ...rates.map(({ rate }) => rate));
  return [
    heading('Exits to the monitor', 'per second', 'so far'),
    ...rates.map(
      ({ name, total, rate }) =>
        `  ${name.padEnd(nameColumns)}${short(rate).padStart(12)}${count(total).padStart(12)}  ${bar(rate / most)}`,
    ),
  ];
}

function deviceLines(page: LivePage): string[] {
  const { before, now } = page;
  const old = new Map(before.stats.devices.map((device) => [device.address, device]));
  return [
    heading('Devices', 'reads/s', 'writes/s', 'so far'),
    ...now.stats.devices.map(({ name, address, reads, writes }) => {
      const { reads: r = 0, writes: w = 0 } = old.get(address) ?? {};
      const rates = [(reads - r) / seconds(page), (writes - w) / seconds(page)].map((rate) =>
        short(rate).padStart(12),
      );
      return `  ${`${name} 0x${address.toString(16)}`.padEnd(nameColumns)}${rates.join('')}${count(reads + writes).padStart(12)}`;
    }),
  ];
}

const modeNames = { 0: 'U', 1: 'S', 3: 'M' } as const;

/** Counts where each hart is, time after time. */
export class ModeSampler {
  #counts: Record<keyof ModeCount, number>[] = [];

  sample({ harts }: Machine): void {
    for (const [at, { waiting, privilege }] of harts.entries()) {
      this.#counts[at] ??= { M: 0, S: 0, U: 0, waiting: 0 };
      this.#counts[at]![waiting ? 'waiting' : modeNames[privilege]]++;
    }
  }

  /** What was counted since the last call. */
  take(): readonly ModeCount[] {
    const counts = this.#counts;
    this.#counts = [];
    return counts;
  }
}
