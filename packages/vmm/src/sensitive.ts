import type { Kind } from '@trapline/core';
import {
  Cause,
  type Decoded,
  exception,
  isReadOnly,
  lowestPrivilege,
  type SystemOp,
  type Trap,
  U,
} from '@trapline/isa';
import type { ExitKind } from './exits.ts';

/** What U-mode makes of system instructions: a trap for certain, or (undefined) something only the hart itself can tell. */
const inUserMode: Readonly<Record<SystemOp, ExitKind | undefined>> = {
  // Beyond those of floating point, U-mode's CSRs are counters, which the physical hart keeps closed.
  csr: 'illegalInstruction',
  ecall: 'ecall',
  ebreak: undefined,
  mret: 'illegalInstruction',
  sret: 'illegalInstruction',
  wfi: 'illegalInstruction',
  'fence.i': undefined,
  'sfence.vma': 'illegalInstruction',
  'sinval.vma': 'illegalInstruction',
  'sfence.w.inval': 'illegalInstruction',
  'sfence.inval.ir': 'illegalInstruction',
  // The physical hart's own senvcfg allows no cache-block operation.
  'cbo.zero': 'illegalInstruction',
  'cbo.clean': 'illegalInstruction',
  'cbo.flush': 'illegalInstruction',
  'cbo.inval': 'illegalInstruction',
};

/** The exit an instruction is for certain when U-mode executes it; undefined: the hart has to try. */
export function sensitive(decoded: Decoded | undefined): ExitKind | undefined {
  if (decoded === undefined || !('system' in decoded.row.semantics)) return undefined;
  return exitOf(decoded.row.semantics.system, decoded.csr);
}

function exitOf(system: SystemOp, csr: number): ExitKind | undefined {
  if (system === 'csr' && lowestPrivilege(csr) === U && !isReadOnly(csr)) return undefined;
  return inUserMode[system];
}

/** `sensitive` of a kind of instruction that can be executed in place. */
export const sensitiveKind = ({ name, csr }: Kind): ExitKind | undefined =>
  csr === undefined ? exitOf(name, 0) : exitOf('csr', csr.number);

/** The trap the physical hart would have raised. */
export const trapOf = (kind: ExitKind, word: number): Trap =>
  kind === 'ecall' ? exception(Cause.ecallFromU) : exception(Cause.illegalInstruction, BigInt(word >>> 0));
