import { f64, i64 } from '../wasm/ops.ts';
import { after, constantOf, type Statement, type Term } from '../wasm/term.ts';
import type { I64 } from './integer.ts';

/** Doubles as bit patterns and back; a pattern that was made of a double gives that double again, without a conversion. */

const opcode = { reinterpretF64: 0xbd, xor: 0x85, loadI64: 0x29 };
const signBit = -(1n << 63n);

/** The pattern of a double. */
export const bitsOfDouble = (value: Term<'f64'>): I64 => i64.reinterpret_f64(value);

/** The double that a pattern was made of, if it was. */
export function doubleWithin(bits: I64): Term<'f64'> | undefined {
  if (bits.kind === 'plain' && bits.opcode[0] === opcode.reinterpretF64) return bits.args[0] as Term<'f64'>;
  if (bits.kind !== 'sequence') return undefined;
  const value = doubleWithin(bits.body.at(-1) as I64);
  return value && after(bits.body.slice(0, -1) as Statement[], value);
}

/** The double of a pattern. */
export function doubleOfBits(bits: I64): Term<'f64'> {
  const within = doubleWithin(bits);
  if (within) return within;
  // A load, or a register in memory, goes straight into a float register.
  if (bits.kind === 'memory' && bits.opcode === opcode.loadI64)
    return f64.load(bits.args[0] as Term<'i32'>, bits.offset);
  if (bits.kind === 'plain' && bits.opcode[0] === opcode.xor && constantOf(bits.args[1]!) === signBit)
    return f64.neg(doubleOfBits(bits.args[0] as I64));
  return f64.reinterpret_i64(bits);
}
