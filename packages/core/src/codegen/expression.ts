import type { Expr, FloatFormat, FloatOp, RegisterOperand } from '@trapline/isa';
import type { FunctionBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { constantOf, pick, type Term } from '../wasm/term.ts';
import { binaryOps, comparisons, type I64, shared, unaryOps } from './integer.ts';

/** Where an instruction's inputs come from: memory and a predecoded slot (interpreter), or locals and constants (translator). */
export interface Environment {
  /** The function being written, for scratch locals. */
  readonly fn: FunctionBuilder;
  x(reg: RegisterOperand): I64;
  /** All 64 bits of a floating-point register. */
  f(reg: RegisterOperand): I64;
  imm(): I64;
  pc(): I64;
  next(): I64;
  /** What the row's access returned. */
  loaded(): I64;
  /** A floating-point operation on bit patterns, flags accrued; may branch away instead of giving a value. */
  float(name: FloatOp, format: FloatFormat, args: readonly I64[]): I64;
}

const canonicalNan32 = 0x7fc0_0000n;
const boxTag = 0xffff_ffff_0000_0000n;

/** A term as an i64 that reads the state before the instruction. */
export function compileExpr(expr: Expr, env: Environment): I64 {
  const compile = compilers[expr.op] as (expr: Expr, env: Environment) => I64;
  return compile(expr, env);
}

/** A term as a condition: whether it is nonzero. */
export function compileCondition(expr: Expr, env: Environment): Term<'i32'> {
  if (expr.op === 'binary' && expr.name in comparisons) {
    const { compare, a, b } = comparison(expr, env);
    return isZero(b) && expr.name === 'eq' ? i64.eqz(a) : compare(a, b);
  }
  return i64.ne(compileExpr(expr, env), i64.const(0));
}

const isZero = (a: I64): boolean => constantOf(a) === 0;

function comparison(expr: Extract<Expr, { op: 'binary' }>, env: Environment) {
  const compare = comparisons[expr.name as keyof typeof comparisons];
  return { compare, a: compileExpr(expr.a, env), b: compileExpr(expr.b, env) };
}

function compileBinary(expr: Extract<Expr, { op: 'binary' }>, env: Environment): I64 {
  if (expr.name in comparisons) return i64.extend_i32_u(compileCondition(expr, env));
  return binaryOps[expr.name as keyof typeof binaryOps](
    env.fn,
    compileExpr(expr.a, env),
    compileExpr(expr.b, env),
  );
}

/** A register read as a number of `format`: an improperly boxed single is the canonical NaN. */
function compileFloatRegister({ reg, format }: Extract<Expr, { op: 'f' }>, env: Environment): I64 {
  if (format !== 's') return env.f(reg);
  return shared(env.fn, env.f(reg), (first, again) =>
    pick(
      i64.ge_u(again(), i64.const(boxTag)),
      i64.extend_i32_u(i32.wrap_i64(first)),
      i64.const(canonicalNan32),
    ),
  );
}

/** A single's pattern as a register holds it. */
export const boxSingle = (a: I64): I64 => i64.or(a, i64.const(boxTag));

function compileSelect(expr: Extract<Expr, { op: 'select' }>, env: Environment): I64 {
  const then = compileExpr(expr.then, env);
  const otherwise = compileExpr(expr.else, env);
  return pick(compileCondition(expr.when, env), then, otherwise);
}

type Compilers = { [K in Expr['op']]: (expr: Extract<Expr, { op: K }>, env: Environment) => I64 };

const compilers: Compilers = {
  const: ({ value }) => i64.const(value),
  x: ({ reg }, env) => env.x(reg),
  f: compileFloatRegister,
  imm: (_, env) => env.imm(),
  pc: (_, env) => env.pc(),
  next: (_, env) => env.next(),
  loaded: (_, env) => env.loaded(),
  unary: ({ name, a }, env) => unaryOps[name](env.fn, compileExpr(a, env)),
  binary: compileBinary,
  select: compileSelect,
  float: ({ name, format, args }, env) =>
    env.float(
      name,
      format,
      args.map((arg) => compileExpr(arg, env)),
    ),
};
