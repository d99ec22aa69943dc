import { csrByNumber, decodeCsr, xRegisters } from '@trapline/isa';
import type { ExitEvent } from '../exits.ts';
import { hex, modeName } from './rules.ts';

/** One field of a CSR before and after an exit. */
export interface FieldChange {
  readonly field: string;
  readonly before: bigint;
  readonly after: bigint;
}

/** Something an exit changed of the guest: a CSR with the fields that differ, a register, the mode or pc. */
export interface Change {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly fields: readonly FieldChange[];
}

function changedFields(csr: number, before: bigint, after: bigint): FieldChange[] {
  const old = new Map(decodeCsr(csr, before).map(({ field, value }) => [field, value]));
  return decodeCsr(csr, after)
    .map(({ field, value }) => ({ field, before: old.get(field) ?? 0n, after: value }))
    .filter((change) => change.before !== change.after);
}

/** Everything the exit changed, in the words of the tables: CSRs, registers, mode, and where the guest goes on. */
export function changesOf({ after, mode, pc }: ExitEvent): Change[] {
  const changes: Change[] = after.csrs.map((change) => ({
    what: csrByNumber(change.csr)?.name ?? hex(change.csr),
    before: hex(change.before),
    after: hex(change.after),
    fields: changedFields(change.csr, change.before, change.after),
  }));
  for (const { register, before, after: now } of after.registers)
    changes.push({ what: xRegisters[register]!, before: hex(before), after: hex(now), fields: [] });
  if (after.mode !== mode)
    changes.push({ what: 'mode', before: modeName(mode), after: modeName(after.mode), fields: [] });
  if (after.pc !== pc) changes.push({ what: 'pc', before: hex(pc), after: hex(after.pc), fields: [] });
  return changes;
}

/** The changes of CSRs and mode in half a sentence; empty when there are none. */
export function changePhrase(event: ExitEvent): string {
  const phrases = changesOf(event)
    .filter(
      ({ what }) => what === 'mode' || event.after.csrs.some(({ csr }) => csrByNumber(csr)?.name === what),
    )
    .map(({ what, before, after, fields }) => {
      if (fields.length === 0 || fields.length > 2) return `${what} ${before} \u2192 ${after}`;
      return fields.map((f) => `${what}.${f.field} ${hex(f.before)} \u2192 ${hex(f.after)}`).join(', ');
    });
  return phrases.join(', ');
}
