import { publicPrograms } from './programs.ts';
import type { Figure, ProcessRow, Row } from './statistics.ts';

const MIB = 1024 ** 2;

/** Columns as wide as their widest cell, the first one to the left and the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

const duration = (ms: number): string =>
  ms < 100 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;

function figureText(figure: Figure | undefined): string {
  if (figure === undefined) return '-';
  const { medianMs, spread, samplesMs } = figure;
  return samplesMs.length === 1 ? duration(medianMs) : `${duration(medianMs)} ±${(spread * 100).toFixed(0)}%`;
}

const speedText = (speed: number | undefined): string =>
  speed === undefined ? '' : speed < 10 ? `${speed.toFixed(2)}x` : `${speed.toFixed(1)}x`;

/** Times of all contenders, how many times as fast as the others the first one is, and that again from processor time. */
export function timesTable(rows: readonly Row[], contenders: readonly string[]): string[] {
  const others = contenders.slice(1);
  const measured = others.filter((name) => rows.some(({ cpuSpeed }) => cpuSpeed[name] !== undefined));
  return columns([
    ['', ...contenders, ...others.map((name) => `to ${name}`), ...measured.map((name) => `to ${name}, cpu`)],
    ...rows.map(({ name, figures, speed, cpuSpeed }) => [
      name,
      ...contenders.map((contender) => figureText(figures[contender])),
      ...others.map((contender) => speedText(speed[contender])),
      ...measured.map((contender) => speedText(cpuSpeed[contender])),
    ]),
  ]);
}

const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${(bytes / MIB).toFixed(0)} MiB`;

const plain = (value: number | undefined, unit = ''): string =>
  value === undefined ? '-' : `${value.toFixed(0)}${unit}`;

/** What the processes took. */
export function processTable(rows: readonly ProcessRow[]): string[] {
  return columns([
    ['', 'peak memory', 'beyond RAM', 'compiling', 'wasm', 'translations'],
    ...rows.map((row) => [
      `${row.job}, ${row.contender}`,
      mebibytes(row.peakBytes),
      mebibytes(row.beyondRamBytes),
      plain(row.compileMs, ' ms'),
      plain(row.compiledBytes === undefined ? undefined : row.compiledBytes / 1024, ' KiB'),
      plain(row.translations),
    ]),
  ]);
}

/** Work per second of the programs whose work is known: "linux/coremark: trapline 3012, qemu 2950 iterations/s". */
export function rateLines(rows: readonly Row[]): string[] {
  return rows.flatMap(({ name, figures }) => {
    const work = publicPrograms[name.replace(/^linux\//, '')]?.work;
    if (work === undefined || Object.keys(figures).length === 0) return [];
    const rates = Object.entries(figures).map(
      ([contender, { medianMs }]) =>
        `${contender} ${Math.round((work.amount * 1000) / medianMs).toLocaleString('en-US')}`,
    );
    return [`${name}: ${rates.join(', ')} ${work.unit}/s`];
  });
}
