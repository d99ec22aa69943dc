import type { Guest } from './guest.ts';

/** Page-table bits of these tests. */
export const V = 1n;
export const R = 2n;
export const W = 4n;
export const X = 8n;
export const U = 16n;
export const G = 32n;
export const A = 64n;
export const D = 128n;
export const all = V | R | W | X | A | D;

export const tables = { root: 0x8004_0000, middle: 0x8004_1000, leaves: 0x8004_2000 } as const;

const pointer = (address: number): bigint => ((BigInt(address) >> 12n) << 10n) | V;

/** A leaf for the page at a physical address. */
export const leaf = (address: number, bits: bigint): bigint => ((BigInt(address) >> 12n) << 10n) | bits;

/** Virtual page `n` of the 2 MiB the tests map one by one. */
export const page = (n: number): number => 0x4000_0000 + n * 4096;

/** The address of the leaf entry of virtual page `n`. */
export const entry = (n: number): number => tables.leaves + 8 * n;

/**
 * Builds Sv39 tables: RAM at its own addresses and the finisher, both as gigapages for the kernel; from 0x4000_0000 on what
 * `leaves` says, by page number.
 */
export const mapPages = (
  machine: Guest,
  leaves: Readonly<Record<number, bigint>>,
  at: Record<keyof typeof tables, number> = tables,
): void => {
  machine.write(at.root + 8 * 0, leaf(0, all));
  machine.write(at.root + 8 * 1, pointer(at.middle));
  machine.write(at.root + 8 * 2, leaf(0x8000_0000, all));
  machine.write(at.middle, pointer(at.leaves));
  for (const [n, pte] of Object.entries(leaves)) machine.write(at.leaves + 8 * Number(n), pte);
};

/** Assembly: PMP open, traps to `handler`, then S-mode with those tables at `body`; `handler` records and ends. */
export const supervisor = (body: string, handler = record): string => `
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  la t0, handler
  csrw mtvec, t0
  li t0, (8 << 60) | (${tables.root} >> 12)
  csrw satp, t0
  li t0, 1 << 11
  csrs mstatus, t0
  la t0, body
  csrw mepc, t0
  mret
  .align 2
handler:
${handler}
end:
  li t0, FINISHER
  csrw satp, zero
  sw zero, 0(t0)
  j end
body:
${body}
  ecall
`;

/** s0 cause, s1 tval, s2 epc. */
export const record = `
  csrr s0, mcause
  csrr s1, mtval
  csrr s2, mepc
`;
