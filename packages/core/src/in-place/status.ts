import { Mstatus, Slot } from '@trapline/isa';
import { csrOffset } from '../hart-layout.ts';
import { type HartAccess, load32 } from '../interpreter/hart-access.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { choose, get, type Local, type Term } from '../wasm/term.ts';

/** mstatus as a bank has it, with what engines know of FS. */
export function statusOf(hart: HartAccess, bank: Local<'i32'>): Term<'i64'> {
  const dirty = i32.eq(load32(hart, 'floatState'), i32.const(3));
  const stored = i64.load(get(bank), csrOffset(Slot.mstatus));
  return i64.or(stored, choose(dirty, i64.const(Mstatus.FS), i64.const(0)));
}
