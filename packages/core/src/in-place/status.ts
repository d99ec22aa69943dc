import { Mstatus, Slot } from '@trapline/isa';
import { csrOffset, floatDirty } from '../hart-layout.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { choose, get, type Local, type Term } from '../wasm/term.ts';

/** Whether any of the mask's bits is set. */
export const has = (bits: Term<'i64'>, mask: bigint): Term<'i32'> =>
  i64.ne(i64.and(bits, i64.const(mask)), i64.const(0));

/** mstatus as a bank has it, with what engines know of FS: the `floatState` of the hart's area. */
export function statusOf(floatState: Term<'i32'>, bank: Local<'i32'>): Term<'i64'> {
  const dirty = i32.eq(floatState, i32.const(floatDirty));
  const stored = i64.load(get(bank), csrOffset(Slot.mstatus));
  return i64.or(stored, choose(dirty, i64.const(Mstatus.FS), i64.const(0)));
}

/** That status as a guest reads it: SD says that some state is dirty, and FS is the only kind here. */
export function shownStatus(status: Local<'i64'>): Term<'i64'> {
  const dirty = i64.eq(i64.and(get(status), i64.const(Mstatus.FS)), i64.const(Mstatus.FS));
  return i64.or(get(status), choose(dirty, i64.const(Mstatus.SD), i64.const(0)));
}

/** The `floatState` that goes with a status. */
export function floatStateOf(status: Local<'i64'>): Term<'i32'> {
  const lowest = Mstatus.FS & -Mstatus.FS;
  return i32.wrap_i64(i64.div_u(i64.and(get(status), i64.const(Mstatus.FS)), i64.const(lowest)));
}
