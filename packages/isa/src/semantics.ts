/**
 * What an instruction does, as data.
 *
 * Every term is a 64-bit pattern and reads the state *before* the instruction. An instruction makes at most one
 * trapping access; only when that succeeded do its effects commit, all at once. Every engine (the slow reference
 * evaluator, the interpreter, the translator) is generated from these terms, so they know nothing of any engine.
 */

/** The operands a decoded instruction may carry; registers are 0..31, `imm` is a sign-extended 32-bit number. */
export type RegisterOperand = 'rd' | 'rs1' | 'rs2' | 'rs3';

/** One argument: two's-complement and bit-counting operations on 64-bit patterns (`…32` look at the low word only). */
export type UnaryOp =
  | 'not'
  | 'neg'
  | 'sext8'
  | 'sext16'
  | 'sext32'
  | 'zext8'
  | 'zext16'
  | 'zext32'
  | 'clz'
  | 'clz32'
  | 'ctz'
  | 'ctz32'
  | 'cpop'
  | 'cpop32'
  | 'rev8'
  | 'orcb';

/**
 * Two arguments. Division follows the M extension (by zero, and overflow, give its defined results); shifts and
 * rotates take the amount modulo 64 (`…32`: modulo 32, on the low word, result zero-extended); comparisons give 0 or 1.
 */
export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'mulh'
  | 'mulhu'
  | 'mulhsu'
  | 'div'
  | 'divu'
  | 'rem'
  | 'remu'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'sar'
  | 'rotl'
  | 'rotr'
  | 'rotl32'
  | 'rotr32'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'ltu'
  | 'ge'
  | 'geu';

/** Floating-point formats: single (a 32-bit pattern, zero-extended, once unboxed) and double. */
export type FloatFormat = 's' | 'd';

/**
 * Floating-point operations on bit patterns of `format`; they accrue fflags. `fma` is a*b+c, the other three forms negate
 * inputs. `toW…`/`fromW…` convert to and from (un)signed 32/64-bit integers (32-bit results sign-extended); `toS`/`toD`
 * convert from `format` to the named one. `minm`, `maxm`, `ltq`, `leq`, `round`, `roundnx`, `cvtmodw` are Zfa's.
 */
export type FloatOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sqrt'
  | 'fma'
  | 'min'
  | 'max'
  | 'minm'
  | 'maxm'
  | 'eq'
  | 'lt'
  | 'le'
  | 'ltq'
  | 'leq'
  | 'class'
  | 'toW'
  | 'toWu'
  | 'toL'
  | 'toLu'
  | 'fromW'
  | 'fromWu'
  | 'fromL'
  | 'fromLu'
  | 'toS'
  | 'toD'
  | 'round'
  | 'roundnx'
  | 'cvtmodw';

/** A term. */
export type Expr =
  | { readonly op: 'const'; readonly value: bigint }
  /** An integer register. */
  | { readonly op: 'x'; readonly reg: RegisterOperand }
  /** A floating-point register: `raw` is all 64 bits; `s` unboxes (canonical NaN unless properly boxed); `d` is all 64 bits. */
  | { readonly op: 'f'; readonly reg: RegisterOperand; readonly format: FloatFormat | 'raw' }
  /** The immediate, sign-extended to 64 bits. */
  | { readonly op: 'imm' }
  /** The address of this instruction, and of the one after it in memory. */
  | { readonly op: 'pc' }
  | { readonly op: 'next' }
  /** What the row's access returned (sign- or zero-extended as the access says). */
  | { readonly op: 'loaded' }
  | { readonly op: 'unary'; readonly name: UnaryOp; readonly a: Expr }
  | { readonly op: 'binary'; readonly name: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'select'; readonly when: Expr; readonly then: Expr; readonly else: Expr }
  | {
      readonly op: 'float';
      readonly name: FloatOp;
      readonly format: FloatFormat;
      readonly args: readonly Expr[];
    };

export type AccessBytes = 1 | 2 | 4 | 8;

/** The one access that may trap. Addresses are virtual. Misaligned loads and stores are supported; atomics must be aligned. */
export type Access =
  | {
      readonly kind: 'load';
      readonly bytes: AccessBytes;
      readonly signed: boolean;
      readonly address: Expr;
    }
  | {
      readonly kind: 'store';
      readonly bytes: AccessBytes;
      readonly address: Expr;
      readonly value: Expr;
    }
  /** Read-modify-write: `loaded` is the old value, sign-extended; `next` is what is stored. */
  | { readonly kind: 'amo'; readonly bytes: 4 | 8; readonly address: Expr; readonly next: Expr }
  | { readonly kind: 'loadReserved'; readonly bytes: 4 | 8; readonly address: Expr }
  /** `loaded` is 0 on success and 1 on failure. */
  | {
      readonly kind: 'storeConditional';
      readonly bytes: 4 | 8;
      readonly address: Expr;
      readonly value: Expr;
    }
  /** Zacas: stores rs2 where memory equals rd; with 16 bytes both are even/odd register pairs. Writes rd (pair) itself. */
  | { readonly kind: 'compareAndSwap'; readonly bytes: 4 | 8 | 16; readonly address: Expr };

export type Effect =
  | { readonly kind: 'x'; readonly value: Expr }
  | { readonly kind: 'f'; readonly format: FloatFormat; readonly value: Expr }
  | { readonly kind: 'jump'; readonly target: Expr; readonly when?: Expr };

/** Instructions whose meaning is privileged state: `privileged/execute.ts` gives it once, for the bare hart and the monitor. */
export type SystemOp =
  | 'csr'
  | 'ecall'
  | 'ebreak'
  | 'mret'
  | 'sret'
  | 'wfi'
  | 'fence.i'
  | 'sfence.vma'
  | 'sinval.vma'
  | 'sfence.w.inval'
  | 'sfence.inval.ir'
  | 'cbo.zero'
  | 'cbo.clean'
  | 'cbo.flush'
  | 'cbo.inval';

export type Semantics =
  | { readonly access?: Access; readonly effects: readonly Effect[] }
  | { readonly system: SystemOp };

// Builders: the words rows are written in.
const unary =
  (name: UnaryOp) =>
  (a: Expr): Expr => ({ op: 'unary', name, a });
const binary =
  (name: BinaryOp) =>
  (a: Expr, b: Expr): Expr => ({ op: 'binary', name, a, b });

export const constant = (value: bigint | number): Expr => ({ op: 'const', value: BigInt(value) });
export const x = (reg: RegisterOperand): Expr => ({ op: 'x', reg });
export const f = (reg: RegisterOperand, format: FloatFormat | 'raw'): Expr => ({ op: 'f', reg, format });
export const imm: Expr = { op: 'imm' };
export const pc: Expr = { op: 'pc' };
export const next: Expr = { op: 'next' };
export const loaded: Expr = { op: 'loaded' };
export const select = (when: Expr, then: Expr, otherwise: Expr): Expr => ({
  op: 'select',
  when,
  then,
  else: otherwise,
});
export const float = (name: FloatOp, format: FloatFormat, ...args: Expr[]): Expr => ({
  op: 'float',
  name,
  format,
  args,
});

export const not = unary('not');
export const neg = unary('neg');
export const sext8 = unary('sext8');
export const sext16 = unary('sext16');
export const sext32 = unary('sext32');
export const zext8 = unary('zext8');
export const zext16 = unary('zext16');
export const zext32 = unary('zext32');
export const clz = unary('clz');
export const clz32 = unary('clz32');
export const ctz = unary('ctz');
export const ctz32 = unary('ctz32');
export const cpop = unary('cpop');
export const cpop32 = unary('cpop32');
export const rev8 = unary('rev8');
export const orcb = unary('orcb');

export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const mulh = binary('mulh');
export const mulhu = binary('mulhu');
export const mulhsu = binary('mulhsu');
export const div = binary('div');
export const divu = binary('divu');
export const rem = binary('rem');
export const remu = binary('remu');
export const and = binary('and');
export const or = binary('or');
export const xor = binary('xor');
export const shl = binary('shl');
export const shr = binary('shr');
export const sar = binary('sar');
export const rotl = binary('rotl');
export const rotr = binary('rotr');
export const rotl32 = binary('rotl32');
export const rotr32 = binary('rotr32');
export const eq = binary('eq');
export const ne = binary('ne');
export const lt = binary('lt');
export const ltu = binary('ltu');
export const ge = binary('ge');
export const geu = binary('geu');

export const setX = (value: Expr): Effect => ({ kind: 'x', value });
export const setF = (format: FloatFormat, value: Expr): Effect => ({ kind: 'f', format, value });
export const jump = (target: Expr, when?: Expr): Effect =>
  when === undefined ? { kind: 'jump', target } : { kind: 'jump', target, when };
