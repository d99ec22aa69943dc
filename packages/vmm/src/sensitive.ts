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
  const { system } = decoded.row.semantics;
  if (system === 'csr' && lowestPrivilege(decoded.csr) === U && !isReadOnly(decoded.csr)) return undefined;
  return inUserMode[system];
}

/** The trap the physical hart would have raised. */
export const trapOf = (kind: ExitKind, word: number): Trap =>
  kind === 'ecall' ? exception(Cause.ecallFromU) : exception(Cause.illegalInstruction, BigInt(word >>> 0));
