import type { Access, AccessBytes, Decoded, Effect, Expr, Trap } from '@trapline/isa';
import { floatOperation } from '../float/operation.ts';
import { binaryOperations, unaryOperations } from './operations.ts';
import { floatUse } from './row-facts.ts';

/** The registers an instruction is evaluated on. Values are unsigned 64-bit patterns; register numbers 0..31. */
export interface Registers {
  pc: bigint;
  readX(index: number): bigint;
  writeX(index: number, value: bigint): void;
  readF(index: number): bigint;
  writeF(index: number, value: bigint): void;
  /** mstatus.FS is not off. */
  readonly floatEnabled: boolean;
  /** frm, 0..7. */
  readonly roundingMode: number;
  /** Accrues fflags and marks the floating-point state dirty. */
  floatDirtied(flags: number): void;
}

/**
 * Memory as an instruction sees it, at virtual addresses. A call that gives a Trap changed nothing. Values are unsigned
 * patterns of `bytes`; those of 16 bytes are 128-bit patterns.
 */
export interface MemoryPort {
  load(va: bigint, bytes: AccessBytes): bigint | Trap;
  store(va: bigint, bytes: AccessBytes, value: bigint): Trap | undefined;
  /** Stores what `next` makes of the old value, and gives the old value. */
  modify(va: bigint, bytes: 4 | 8 | 16, next: (old: bigint) => bigint): bigint | Trap;
  loadReserved(va: bigint, bytes: 4 | 8): bigint | Trap;
  /** Whether it stored. */
  storeConditional(va: bigint, bytes: 4 | 8, value: bigint): boolean | Trap;
}

interface Scope {
  readonly decoded: Decoded;
  readonly registers: Registers;
  readonly rm: number;
  loaded: bigint;
  flags: number;
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const extended = (value: bigint, bytes: number): bigint => u64(BigInt.asIntN(8 * bytes, value));
const isTrap = (result: bigint | boolean | Trap): result is Trap => typeof result === 'object';

/** An illegal instruction: its bits are the trap value. */
export const illegal = (word: number): Trap => ({ interrupt: false, cause: 2, tval: BigInt(word >>> 0) });

/**
 * Executes one instruction that is not a system instruction: undefined when it committed (pc is the next instruction's), or
 * the trap it takes, in which case nothing changed.
 */
export const evaluate = (decoded: Decoded, registers: Registers, memory: MemoryPort): Trap | undefined => {
  const { row } = decoded;
  if ('system' in row.semantics) throw new Error(`${row.name} is a system instruction`);
  const float = floatUse(row);
  if (float.uses && !registers.floatEnabled) return illegal(decoded.word);
  const rm = roundingMode(decoded, registers);
  if (rm === undefined) return illegal(decoded.word);
  const scope: Scope = { decoded, registers, rm, loaded: 0n, flags: 0 };
  const { access, effects } = row.semantics;
  if (access?.kind === 'compareAndSwap') return compareAndSwap(scope, access, memory);
  if (access !== undefined) {
    const trap = perform(access, scope, memory);
    if (trap !== undefined) return trap;
  }
  commit(effects, scope);
  if (float.dirties) registers.floatDirtied(scope.flags);
  return undefined;
};

/** "Floating-Point Control and Status Register": 5 and 6 are reserved, in the instruction and in frm; 7 there is too. */
const roundingMode = ({ row, rm }: Decoded, registers: Registers): number | undefined => {
  if (!row.rounding) return 0;
  const mode = rm === 7 ? registers.roundingMode : rm;
  return mode <= 4 ? mode : undefined;
};

const perform = (
  access: Exclude<Access, { kind: 'compareAndSwap' }>,
  scope: Scope,
  memory: MemoryPort,
): Trap | undefined => {
  const va = value(access.address, scope);
  const { bytes } = access;
  switch (access.kind) {
    case 'load': {
      const result = memory.load(va, bytes);
      if (isTrap(result)) return result;
      scope.loaded = access.signed ? extended(result, bytes) : result;
      return undefined;
    }
    case 'store':
      return memory.store(va, bytes, BigInt.asUintN(8 * bytes, value(access.value, scope)));
    case 'amo': {
      const result = memory.modify(va, access.bytes, (old) => {
        scope.loaded = extended(old, bytes);
        return BigInt.asUintN(8 * bytes, value(access.next, scope));
      });
      return isTrap(result) ? result : undefined;
    }
    case 'loadReserved': {
      const result = memory.loadReserved(va, access.bytes);
      if (isTrap(result)) return result;
      scope.loaded = extended(result, bytes);
      return undefined;
    }
    case 'storeConditional': {
      const stored = memory.storeConditional(
        va,
        access.bytes,
        BigInt.asUintN(8 * bytes, value(access.value, scope)),
      );
      if (isTrap(stored)) return stored;
      scope.loaded = stored ? 0n : 1n;
      return undefined;
    }
  }
};

/** Zacas: with 16 bytes operands are register pairs, and the pair of x0 reads as zero and swallows writes. */
const compareAndSwap = (
  { decoded, registers }: Scope,
  { bytes, address }: Extract<Access, { kind: 'compareAndSwap' }>,
  memory: MemoryPort,
): Trap | undefined => {
  const { rd, rs2, length } = decoded;
  const operand = (register: number): bigint => {
    const low = registers.readX(register);
    const high = bytes < 16 || register === 0 ? 0n : registers.readX(register + 1);
    return BigInt.asUintN(8 * bytes, (high << 64n) | low);
  };
  const va = value(address, { decoded, registers, rm: 0, loaded: 0n, flags: 0 });
  const [expected, desired] = [operand(rd), operand(rs2)];
  const old = memory.modify(va, bytes, (found) => (found === expected ? desired : found));
  if (isTrap(old)) return old;
  if (rd !== 0) registers.writeX(rd, bytes < 8 ? extended(old, bytes) : u64(old));
  if (rd !== 0 && bytes === 16) registers.writeX(rd + 1, old >> 64n);
  registers.pc = u64(registers.pc + BigInt(length));
  return undefined;
};

/** Every value is computed before anything is written. */
const commit = (effects: readonly Effect[], scope: Scope): void => {
  const { registers, decoded } = scope;
  let target = u64(registers.pc + BigInt(decoded.length));
  const values = effects.map((effect) => {
    if (effect.kind !== 'jump') return value(effect.value, scope);
    if (effect.when === undefined || value(effect.when, scope) !== 0n) target = value(effect.target, scope);
    return 0n;
  });
  effects.forEach((effect, i) => {
    const result = values[i]!;
    if (effect.kind === 'x' && decoded.rd !== 0) registers.writeX(decoded.rd, result);
    if (effect.kind === 'f') registers.writeF(decoded.rd, effect.format === 's' ? boxed(result) : result);
  });
  registers.pc = target;
};

/** "NaN Boxing of Narrower Values". */
const boxed = (single: bigint): bigint => single | 0xffff_ffff_0000_0000n;
const unboxed = (pattern: bigint): bigint =>
  pattern >> 32n === 0xffff_ffffn ? pattern & 0xffff_ffffn : 0x7fc0_0000n;

const value = (term: Expr, scope: Scope): bigint => {
  const { decoded, registers } = scope;
  switch (term.op) {
    case 'const':
      return u64(term.value);
    case 'x':
      return registers.readX(decoded[term.reg]);
    case 'f':
      return term.format === 's'
        ? unboxed(registers.readF(decoded[term.reg]))
        : registers.readF(decoded[term.reg]);
    case 'imm':
      return u64(BigInt(decoded.imm));
    case 'pc':
      return registers.pc;
    case 'next':
      return u64(registers.pc + BigInt(decoded.length));
    case 'loaded':
      return scope.loaded;
    case 'unary':
      return unaryOperations[term.name](value(term.a, scope));
    case 'binary':
      return binaryOperations[term.name](value(term.a, scope), value(term.b, scope));
    case 'select':
      return value(value(term.when, scope) !== 0n ? term.then : term.else, scope);
    case 'float': {
      const args = term.args.map((each) => value(each, scope));
      const result = floatOperation(term.name, term.format, args, scope.rm);
      scope.flags |= result.flags;
      return result.value;
    }
  }
};
