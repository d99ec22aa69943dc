import {
  type CsrRow,
  csrAccessOf,
  csrByName,
  csrTable,
  type Decoded,
  isPlainCsr,
  type SystemOp,
  writesCsr,
} from '@trapline/isa';

/** CSRs beside the plain ones whose reads and writes have code of their own. */
const special = ['mstatus', 'sstatus', 'satp', 'fcsr', 'fflags', 'frm', 'time'] as const;
export type SpecialCsr = (typeof special)[number];

/** Other system instructions that can be executed in place. */
const operations = [
  'ecall',
  'sret',
  'mret',
  'sfence.vma',
  'sinval.vma',
  'fence.i',
  'cbo.zero',
] as const satisfies readonly SystemOp[];
export type InPlaceOperation = (typeof operations)[number];

/** A kind of system instruction that can be executed in place, with one number in the slots of predecoded code. */
export type Kind =
  | { readonly name: string; readonly csr: CsrRow }
  | { readonly name: InPlaceOperation; readonly csr?: undefined };

const csrKinds = csrTable.filter((row) => isPlainCsr(row) || special.some((name) => csrByName(name) === row));

/** Kinds by number - 1; number 0 is none of them. */
export const kinds: readonly Kind[] = [
  ...csrKinds.map((row) => ({ name: row.name, csr: row })),
  ...operations.map((name) => ({ name })),
];

const numberByCsr = new Map<number, number>();
const numberByName = new Map<string, number>();
kinds.forEach(({ name, csr }, n) => {
  numberByName.set(name, n + 1);
  if (csr !== undefined) numberByCsr.set(csr.number, n + 1);
});

/** The number of the instruction's kind; 0: it always leaves. */
export function kindOf(decoded: Decoded): number {
  const { semantics } = decoded.row;
  if (!('system' in semantics)) return 0;
  if (semantics.system === 'csr') return numberByCsr.get(decoded.csr) ?? 0;
  return numberByName.get(semantics.system) ?? 0;
}

/** `HartViews.intercepted` for those names of CSRs and instructions; names that are never executed in place need no bit. */
export const interceptBits = (names: readonly string[]): bigint =>
  names.reduce((bits, name) => bits | (1n << BigInt(numberByName.get(name) ?? 0)), 0n);

/** What a CSR instruction does, as bits: its five-bit operand, and what the row says. */
export const CsrFlag = { operand: 31, immediate: 32, set: 64, clear: 128, writes: 256 } as const;

/** The flags of a CSR instruction; 0 for others. */
export function csrFlags(decoded: Decoded): number {
  const how = csrAccessOf(decoded.row);
  if (how === undefined) return 0;
  const operand = how.immediate ? CsrFlag.immediate | (decoded.imm & CsrFlag.operand) : 0;
  const combine = how.combine === 'write' ? 0 : CsrFlag[how.combine];
  return operand | combine | (writesCsr(how, decoded) ? CsrFlag.writes : 0);
}
