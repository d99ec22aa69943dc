import { assemble } from '@trapline/isa';
import { symbols } from '../pair.ts';
import { kit } from './handlers.ts';
import { codeBase, kitBase, logBase, logBytes, ramBytes, saveBase } from './layout.ts';
import type { Patch } from './tables.ts';

const hex = (value: bigint | number): string => `0x${BigInt(value).toString(16)}`;

/** Spoils t0. */
export const setCsr = (name: string, value: bigint | number): string[] => [
  `li t0, ${hex(value)}`,
  `csrw ${name}, t0`,
];

/** Points a hart's traps at the handlers and opens memory to S- and U-mode through the last PMP entry of pmpcfg0. */
export const entrySetup = (hart: number, machineMode = 0, supervisorMode = 0): string[] => [
  ...setCsr('mtvec', kit.entries.m_vector + machineMode),
  ...setCsr('stvec', kit.entries.s_vector + supervisorMode),
  ...setCsr('mscratch', saveBase(hart)),
  ...setCsr('sscratch', saveBase(hart) + 0x100),
  ...setCsr('pmpaddr7', (1n << 54n) - 1n),
  ...setCsr('pmpcfg0', 0x1fn << 56n),
];

/** What the handlers find where mscratch and sscratch point: their logs. */
export const saveAreas = (harts: number): Patch[] =>
  Array.from({ length: harts }, (_, hart) =>
    [0, 1].flatMap((which): Patch[] => {
      const save = saveBase(hart) + 0x100 * which;
      const log = logBase(hart) + logBytes * which;
      return [
        [save + 24, BigInt(log)],
        [save + 32, BigInt(log + logBytes - 64)],
        [save + 40, BigInt(log)],
      ];
    }),
  ).flat();

/** RAM with the text at its start, the handlers in their place, and the patches. */
export const assembleImage = (text: string, patches: readonly Patch[]): Uint8Array => {
  const image = new Uint8Array(ramBytes);
  const { bytes } = assemble(text, { base: codeBase, symbols });
  if (bytes.length > kitBase - codeBase) throw new Error('the program runs into its handlers');
  image.set(bytes);
  image.set(kit.bytes, kitBase - codeBase);
  const view = new DataView(image.buffer);
  for (const [address, value] of patches) view.setBigUint64(address - codeBase, value, true);
  return image;
};
