import type { FirmwareHart } from '@trapline/core';
import { csrNumber, M, Touched, writeCsr } from '@trapline/isa';

/** Exceptions an S-mode kernel handles itself: all but the environment calls from S and M (0..8, 12, 13, 15). */
const DELEGATED_EXCEPTIONS = 0xb1ffn;
/** SSIP, STIP, SEIP. */
const DELEGATED_INTERRUPTS = 0x222n;
/** FS = dirty: a kernel may use floating point before it thinks of mstatus. */
const FLOAT_ON = 0x6000n;
/** STCE, PBMTE, CBZE, CBCFE, CBIE = flush: what S-mode may use; reserved bits are dropped by WARL. */
const ENVIRONMENT = (1n << 63n) | (1n << 62n) | 0xd0n;
/** Counters cycle, time and instret. */
const COUNTERS = 7n;
/** One NAPOT entry over everything: read, write, execute. */
const ALL_MEMORY = 0x1fn;

const settings: readonly (readonly [csr: string, value: bigint])[] = [
  ['medeleg', DELEGATED_EXCEPTIONS],
  ['mideleg', DELEGATED_INTERRUPTS],
  ['mcounteren', COUNTERS],
  ['scounteren', COUNTERS],
  ['menvcfg', ENVIRONMENT],
  ['stimecmp', 2n ** 64n - 1n],
  ['mstatus', FLOAT_ON],
  ['pmpaddr0', 2n ** 64n - 1n],
  ['pmpcfg0', ALL_MEMORY],
];

/** Sets a hart's M-mode CSRs as SBI firmware leaves them for the kernel it starts. */
export function prepareForSupervisor(hart: FirmwareHart): void {
  hart.state.privilege = M;
  for (const [csr, value] of settings) writeCsr(hart.state, csrNumber(csr), value);
  hart.changed(Touched.translation | Touched.pmp | Touched.interrupts | Touched.float);
}
