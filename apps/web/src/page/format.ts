/** Numbers as people read them. */
const units = ['', 'k', 'M', 'G', 'T'] as const;

/** Three figures and a unit: 12.3 M. */
export function big(value: number): string {
  let [scaled, unit] = [value, 0];
  while (Math.abs(scaled) >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = unit === 0 || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${scaled.toFixed(digits)}${units[unit] === '' ? '' : ` ${units[unit]}`}`;
}

export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

export const kibibytes = (bytes: number): string =>
  `${(bytes / 1024).toLocaleString('en', { maximumFractionDigits: 1 })} KiB`;
