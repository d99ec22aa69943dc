import type { Decoded } from '@trapline/isa';
import { fillSlot, slotField } from '../interpreter/slot.ts';
import { csrFlags, kindOf } from './kinds.ts';

/** Writes the slot of a system instruction: its word for TypeScript, its kind, flags and registers for execution in place. */
export function fillSystemSlot(view: DataView, at: number, decoded: Decoded, handler: number): void {
  fillSlot(view, at, decoded, { handler, operand: decoded.word | 0 });
  view.setUint16(at + slotField.rs3, csrFlags(decoded), true);
  view.setUint8(at + slotField.rm, kindOf(decoded));
}
