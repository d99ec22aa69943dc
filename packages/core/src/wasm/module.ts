import { ByteWriter } from './byte-writer.ts';
import { Emitter, typeCode } from './emit.ts';
import type {
  FunctionRef,
  FunctionType,
  GlobalRef,
  Local,
  ResultType,
  TableRef,
  Term,
  ValueType,
} from './term.ts';

/** Sizes of a memory in 64 KiB pages; a shared one needs a maximum. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

export interface TableLimits {
  readonly initial: number;
  readonly maximum?: number;
}

type Locals<P extends readonly ValueType[]> = { readonly [K in keyof P]: Local<P[K]> };
type ExportKind = 'function' | 'table' | 'memory' | 'global';
const exportCode: Record<ExportKind, number> = { function: 0, table: 1, memory: 2, global: 3 };

/** A function being written: hands out its locals. */
export class FunctionBuilder {
  readonly #types: ValueType[] = [];
  readonly #free = new Map<ValueType, Local[]>();

  constructor(readonly parameters: readonly ValueType[]) {}

  /** A new local, zero at entry. */
  local<T extends ValueType>(type: T): Local<T> {
    this.#types.push(type);
    return { type, index: this.parameters.length + this.#types.length - 1 };
  }

  /** A local for a short life: `body` gets it, and a later `scratch` may get it again (its old value is left in it). */
  scratch<T extends ValueType, R>(type: T, body: (local: Local<T>) => R): R {
    const free = (this.#free.get(type) ?? []) as Local<T>[];
    const local = free.pop() ?? this.local(type);
    const result = body(local);
    free.push(local);
    this.#free.set(type, free);
    return result;
  }

  /** The local declarations: runs of one type. */
  declare(out: ByteWriter): void {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.unsigned(runs.length);
    for (const { type, count } of runs) {
      out.unsigned(count);
      out.byte(typeCode[type]);
    }
  }
}

/** The seldom taken conditional branches of a function, by their places in its body. */
interface FunctionHints {
  readonly index: number;
  readonly unlikely: readonly number[];
}

/** A counted list of encoded entries: what most sections are. */
class Entries {
  readonly #out = new ByteWriter();
  count = 0;

  add(write: (out: ByteWriter) => void): number {
    write(this.#out);
    return this.count++;
  }

  writeSection(id: number, out: ByteWriter): void {
    if (this.count === 0) return;
    const content = new ByteWriter();
    content.unsigned(this.count);
    content.append(this.#out.bytes());
    out.byte(id);
    out.section(content);
  }
}

function limits(out: ByteWriter, { initial, maximum, shared }: MemoryLimits): void {
  out.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
  out.unsigned(initial);
  if (maximum !== undefined) out.unsigned(maximum);
}

/** A WebAssembly module being written. Imports come before definitions; `encode` gives the binary. */
export class ModuleBuilder {
  readonly #typeIndex = new Map<string, number>();
  readonly #types = new Entries();
  readonly #imports = new Entries();
  readonly #declarations = new Entries();
  readonly #tables = new Entries();
  readonly #memories = new Entries();
  readonly #globals = new Entries();
  readonly #exports = new Entries();
  readonly #elements = new Entries();
  readonly #bodies: (ByteWriter | undefined)[] = [];
  readonly #names: { index: number; name: string }[] = [];
  readonly #hints: FunctionHints[] = [];
  #importedFunctions = 0;
  #importedGlobals = 0;
  #importedTables = 0;

  /** The module's index of a function type, the same for the same type. */
  type<const P extends readonly ValueType[], R extends ResultType>(params: P, result: R): FunctionType<P, R> {
    const key = `${params.join()}:${result}`;
    let index = this.#typeIndex.get(key);
    if (index === undefined) {
      index = this.#types.add((out) => {
        out.byte(0x60);
        out.unsigned(params.length);
        for (const each of params) out.byte(typeCode[each]);
        out.unsigned(result === 'void' ? 0 : 1);
        if (result !== 'void') out.byte(typeCode[result]);
      });
      this.#typeIndex.set(key, index);
    }
    return { params, result, index };
  }

  importFunction<const P extends readonly ValueType[], R extends ResultType>(
    from: string,
    name: string,
    params: P,
    result: R,
  ): FunctionRef<P, R> {
    if (this.#bodies.length > 0) throw new Error(`wasm: import of "${name}" after a defined function`);
    const { index } = this.type(params, result);
    this.#import(from, name, (out) => {
      out.byte(0);
      out.unsigned(index);
    });
    return { params, result, index: this.#importedFunctions++ };
  }

  importMemory(from: string, name: string, size: MemoryLimits): void {
    this.#import(from, name, (out) => {
      out.byte(2);
      limits(out, size);
    });
  }

  importTable(from: string, name: string, size: TableLimits): TableRef {
    this.#import(from, name, (out) => {
      out.append([1, 0x70]);
      limits(out, size);
    });
    return { index: this.#importedTables++ };
  }

  importGlobal<T extends ValueType>(from: string, name: string, type: T, mutable: boolean): GlobalRef<T> {
    this.#import(from, name, (out) => out.append([3, typeCode[type], mutable ? 1 : 0]));
    return { type, index: this.#importedGlobals++ };
  }

  memory(size: MemoryLimits): void {
    this.#memories.add((out) => limits(out, size));
  }

  /** A table of functions. */
  table(size: TableLimits): TableRef {
    const index = this.#importedTables + this.#tables.count;
    this.#tables.add((out) => {
      out.byte(0x70);
      limits(out, size);
    });
    return { index };
  }

  /** A global with a constant initial value. */
  global<T extends ValueType>(type: T, mutable: boolean, initial: Term<T>): GlobalRef<T> {
    const index = this.#importedGlobals + this.#globals.count;
    this.#globals.add((out) => {
      out.append([typeCode[type], mutable ? 1 : 0]);
      new Emitter(out).term(initial);
      out.byte(0x0b);
    });
    return { type, index };
  }

  /** Announces a function whose body `define` gives: functions may call each other in any order. */
  declare<const P extends readonly ValueType[], R extends ResultType>(
    name: string,
    params: P,
    result: R,
  ): FunctionRef<P, R> {
    const { index: type } = this.type(params, result);
    this.#declarations.add((out) => out.unsigned(type));
    const index = this.#importedFunctions + this.#bodies.length;
    this.#bodies.push(undefined);
    this.#names.push({ index, name });
    return { params, result, index };
  }

  /** Gives a declared function its body: terms of which the last leaves the result, if there is one. */
  define<P extends readonly ValueType[], R extends ResultType>(
    target: FunctionRef<P, R>,
    body: (fn: FunctionBuilder, ...parameters: Locals<P>) => readonly Term[],
  ): void {
    const fn = new FunctionBuilder(target.params);
    const parameters = target.params.map((type, index) => ({ type, index })) as unknown as Locals<P>;
    const code = new ByteWriter();
    const emitter = new Emitter(code);
    emitter.terms(body(fn, ...parameters));
    const whole = new ByteWriter();
    fn.declare(whole);
    const unlikely = emitter.unlikely.map((at) => whole.length + at);
    if (unlikely.length > 0) this.#hints.push({ index: target.index, unlikely });
    whole.append(code.bytes());
    whole.byte(0x0b);
    this.#bodies[target.index - this.#importedFunctions] = whole;
  }

  /** `declare` and `define` at once. */
  function<const P extends readonly ValueType[], R extends ResultType>(
    name: string,
    params: P,
    result: R,
    body: (fn: FunctionBuilder, ...parameters: Locals<P>) => readonly Term[],
  ): FunctionRef<P, R> {
    const target = this.declare(name, params, result);
    this.define(target, body);
    return target;
  }

  export(name: string, kind: ExportKind, index: number): void {
    this.#exports.add((out) => {
      out.name(name);
      out.byte(exportCode[kind]);
      out.unsigned(index);
    });
  }

  /** Functions put into a table when the module is instantiated, from entry `offset` on. */
  elements(table: TableRef, offset: number, functions: readonly FunctionRef[]): void {
    this.#elements.add((out) => {
      out.unsigned(2);
      out.unsigned(table.index);
      out.byte(0x41);
      out.signed(offset);
      out.append([0x0b, 0]);
      out.unsigned(functions.length);
      for (const each of functions) out.unsigned(each.index);
    });
  }

  /** The binary module, with a name section for debuggers and profilers. */
  encode(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    this.#types.writeSection(1, out);
    this.#imports.writeSection(2, out);
    this.#declarations.writeSection(3, out);
    this.#tables.writeSection(4, out);
    this.#memories.writeSection(5, out);
    this.#globals.writeSection(6, out);
    this.#exports.writeSection(7, out);
    this.#elements.writeSection(9, out);
    this.#writeHints(out);
    this.#codeSection().writeSection(10, out);
    this.#writeNames(out);
    return out.bytes();
  }

  #import(from: string, name: string, describe: (out: ByteWriter) => void): void {
    this.#imports.add((out) => {
      out.name(from);
      out.name(name);
      describe(out);
    });
  }

  #codeSection(): Entries {
    const code = new Entries();
    this.#bodies.forEach((body, at) => {
      if (!body) throw new Error(`wasm: function "${this.#names[at]?.name}" is declared but has no body`);
      code.add((out) => out.section(body));
    });
    return code;
  }

  /** "Branch Hinting", of the tool conventions: a custom section before the code. */
  #writeHints(out: ByteWriter): void {
    if (this.#hints.length === 0) return;
    const custom = new ByteWriter();
    custom.name('metadata.code.branch_hint');
    custom.unsigned(this.#hints.length);
    for (const { index, unlikely } of this.#hints.toSorted((a, b) => a.index - b.index)) {
      custom.unsigned(index);
      custom.unsigned(unlikely.length);
      for (const at of unlikely) {
        custom.unsigned(at);
        custom.append([1, 0]);
      }
    }
    out.byte(0);
    out.section(custom);
  }

  #writeNames(out: ByteWriter): void {
    const names = new ByteWriter();
    names.unsigned(this.#names.length);
    for (const { index, name } of this.#names) {
      names.unsigned(index);
      names.name(name);
    }
    const custom = new ByteWriter();
    custom.name('name');
    custom.byte(1);
    custom.section(names);
    out.byte(0);
    out.section(custom);
  }
}
