import { HostError } from '@trapline/core';

const UNITS: Readonly<Record<string, number>> = { '': 1024 ** 2, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const MEMORY_LEAST = 1024 ** 2;
const MEMORY_MOST = 3 * 1024 ** 3;
const PAGE = 4096;

const usage = (message: string, hint: string): HostError => new HostError('usage', message, { hint });

/** Bytes of guest RAM from `256M`, `1G`, `512K`, or a bare number of MiB as QEMU has it. Throws HostError `usage`. */
export function memoryBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)i?B?$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? '').toUpperCase()];
  const bytes = match && unit !== undefined ? Number(match[1]) * unit : Number.NaN;
  if (Number.isNaN(bytes)) throw usage(`-m ${text} is not an amount of memory`, 'Write for example -m 256M.');
  if (bytes < MEMORY_LEAST || bytes > MEMORY_MOST || bytes % PAGE !== 0)
    throw usage(
      `-m ${text} is impossible: RAM is from 1M to 3G in whole pages`,
      'Write for example -m 256M.',
    );
  return bytes;
}

/** A whole number within bounds. Throws HostError `usage` naming the option. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usage(
    `${option} ${text} is impossible: it takes a whole number from ${least} to ${most}`,
    `Write for example ${option} ${Math.max(least, Math.min(most, 2))}.`,
  );
}

/** A positive number of seconds, as milliseconds. Throws HostError `usage` naming the option. */
export function seconds(option: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 2 ** 31 / 1000) return value * 1000;
  throw usage(`${option} ${text} is not a number of seconds`, `Write for example ${option} 10.`);
}
