import { HostError } from '@trapline/core';
import { registerNumber } from '@trapline/isa';
import type { Machine } from '@trapline/machine';

const hint = 'Write 0x80000000, a symbol such as main or main+0x10, or a register such as pc or sp.';

const literal = (text: string): bigint | undefined =>
  /^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text) ? BigInt(text) : undefined;

/**
 * The address somebody wrote: a number, a symbol of the guest with or without an offset, or what a register of the hart holds now.
 * Throws HostError `usage`.
 */
export function readAddress(text: string, machine: Machine, hart: number): bigint {
  const [, base = text, offset = '0'] = /^(.+)\+(0x[0-9a-f]{1,16}|\d{1,19})$/i.exec(text) ?? [];
  const start = literal(base) ?? machine.symbols.addressOf(base) ?? registerValue(base, machine, hart);
  if (start === undefined)
    throw new HostError('usage', `${text} is neither an address nor a symbol or register of this guest`, {
      hint,
    });
  return BigInt.asUintN(64, start + BigInt(offset));
}

function registerValue(name: string, { harts }: Machine, hart: number): bigint | undefined {
  if (name === 'pc') return harts[hart]!.pc;
  const number = registerNumber(name, 'x');
  return number === undefined ? undefined : harts[hart]!.readX(number);
}

/** A satp somebody wrote. Throws HostError `usage`. */
export function readSatp(text: string): bigint {
  const value = literal(text);
  const mode = value === undefined ? -1 : Number(value >> 60n);
  if (value !== undefined && [8, 9, 10].includes(mode)) return value;
  throw new HostError('usage', `--satp ${text} selects no page table`, {
    hint: 'Write the whole register: mode 8 (Sv39), 9 (Sv48) or 10 (Sv57) in its top four bits, as in 0x8000000000087fff.',
  });
}
