import type { Access, Decoded, Instruction, RegisterOperand } from '@trapline/isa';
import { boxSingle, compileExpr, type Environment } from '../codegen/expression.ts';
import { nativeFloat } from '../codegen/native-float.ts';
import { hartOffsets } from '../hart-layout.ts';
import { Mode } from '../interpreter/enter-region.ts';
import { type DataTlb, lastPage, loadHost, storeHost, tlbIndex } from '../interpreter/hart-access.ts';
import { fcsrOffset, filesOf } from '../interpreter/slot.ts';
import { type FloatUse, floatUse } from '../reference/row-facts.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  block,
  branch,
  branchIf,
  get,
  type Label,
  type Local,
  label,
  type Statement,
  set,
  type Term,
  unlikely,
  when,
} from '../wasm/term.ts';
import { type CsrLocals, csrInRegion, executeCsr } from './csr-step.ts';
import type { Step } from './discover.ts';
import type { Frame } from './region-code.ts';
import type { SharedPage, SharedPages } from './shared-pages.ts';
import type { SamePage } from './strides.ts';

/** What one instruction's code needs. */
export interface StepFrame extends Frame {
  /** Nothing of the instruction is done yet: the interpreter does it out of line. */
  slow(): Label;
  /** The same, but in the `mode` that is set. */
  away(): Label;
  csr(): CsrLocals;
  /** Floating point may be off, or not yet dirty, from here on: reads what it is. */
  forgetFloat(): Statement[];
  /** The page that an access shares with others. */
  shared(step: Step): ReturnType<SharedPages['of']>;
  /** How often the access is likely to be in the page that its base register led to before. */
  inSamePage(step: Step): SamePage;
  /** What need not be asked or done again once it was: the code, or nothing. */
  once(what: string, code: () => Statement[]): Statement[];
  /** The virtual address of a place. */
  address(place: number): Term<'i64'>;
}

/** What `once` knows of mstatus.FS. */
export const floatFacts = { on: 'floatOn', dirty: 'floatDirty' } as const;

const files = { x: hartOffsets.x, f: hartOffsets.f };

const fcsrOf = (base: Local<'i32'>): Term<'i32'> => i32.load(get(base), fcsrOffset);

/** Leaves unless the instruction rounds to nearest even and NX is set. */
function requireNearestAndInexact(rm: number, { float, once, slow }: StepFrame): Statement[] {
  const nearest = float.isNearest(rm);
  if (!nearest) return [branch(slow())];
  return once(`nearest${rm}`, () => [unlikely(branchIf(slow(), i32.eqz(nearest)))]);
}

/** Leaves unless floating point is on, and for what makes it dirty unless it is: that is made so once, out of line. */
function requireFloat({ dirties }: FloatUse, { float, once, slow }: StepFrame): Statement[] {
  if (!dirties) return once(floatFacts.on, () => [unlikely(branchIf(slow(), i32.eqz(float.isOn())))]);
  return once(floatFacts.dirty, () => {
    once(floatFacts.on, () => []);
    return [unlikely(branchIf(slow(), i32.eqz(float.isDirty())))];
  });
}

/** A checked place in memory: a host offset, and bytes on from it. */
interface Located {
  readonly at: Local<'i32'>;
  readonly offset: number;
}

/** Registers and constants of an instruction, for the terms of its row; `located` is where it loads from. */
export function stepEnvironment({ place, decoded }: Step, frame: StepFrame, located?: Located): Environment {
  const { fn, base, registers, loaded } = frame;
  const { row, imm, rm, length } = decoded;
  const read = (reg: RegisterOperand): Term<'i64'> => {
    const file = filesOf(row)[reg];
    if (file === 'x' && decoded[reg] === 0) return i64.const(0);
    return registers.read(files[file] + 8 * decoded[reg]);
  };
  const dynamic = (): Term<'i32'> => i32.and(i32.shr_u(fcsrOf(base), i32.const(5)), i32.const(7));
  const roundingMode = (): Term<'i32'> => (rm === 7 ? dynamic() : i32.const(rm));
  return {
    fn,
    x: read,
    f: read,
    imm: () => i64.const(imm),
    pc: () => frame.address(place),
    next: () => frame.address(place + length),
    loaded: () =>
      located && loadsDouble(row) ? loadHost(get(located.at), 8, false, located.offset) : get(loaded),
    float: (name, format, args) =>
      nativeFloat(name, format, args, {
        fn,
        slow: frame.slow(),
        fusedMultiplyAdd: frame.fusedMultiplyAdd,
        requireNearestAndInexact: () => requireNearestAndInexact(rm, frame),
        roundingMode,
        inexact: () => i32.and(fcsrOf(base), i32.const(1)),
        zero: frame.float.zero(),
      }),
  };
}

/** An instruction that does not jump: all of it, or none and on to `slow`. */
export function executeStep(step: Step, frame: StepFrame): Statement[] {
  const { row, rd } = step.decoded;
  if ('system' in row.semantics) {
    const csr = csrInRegion(step.decoded);
    if (!csr) throw new Error(`${row.name} cannot be translated`);
    return executeCsr(step, csr, frame);
  }
  const { access, effects } = row.semantics;
  const located = access && locate(access, step, frame);
  const env = stepEnvironment(step, frame, located);
  const float = floatUse(row);
  const code: Statement[] = [];
  if (float.uses) code.push(...requireFloat(float, frame));
  if (located) code.push(...located.code, ...transfer(located, env, frame, step.decoded));
  for (const effect of effects) {
    if (effect.kind === 'jump') throw new Error(`${row.name} ends its block`);
    const value = compileExpr(effect.value, env);
    if (effect.kind === 'x' && rd === 0) {
      // A computation may yet have to go the slow way, for its flags.
      if (float.uses) code.push(set(frame.loaded, value));
      continue;
    }
    const boxed = effect.kind === 'f' && effect.format === 's' ? boxSingle(value) : value;
    code.push(frame.registers.write(files[effect.kind] + 8 * rd, boxed));
  }
  return code;
}

const tlbOf = {
  load: 'loadTlb',
  loadReserved: 'loadTlb',
  store: 'storeTlb',
  amo: 'storeTlb',
  storeConditional: 'storeTlb',
} as const;
type Inline = Exclude<Access, { kind: 'compareAndSwap' }>;

/** An access, and the code that finds its place. */
interface Placed extends Located {
  readonly access: Inline;
  readonly code: readonly Statement[];
}

function locate(access: Access, step: Step, frame: StepFrame): Placed {
  if (access.kind === 'compareAndSwap') throw new Error('compare-and-swap is not translated');
  const found = frame.shared(step);
  if (!found) return { access, at: frame.index, offset: 0, code: translate(access, step, frame) };
  const { shared } = found;
  const offset = found.access.address.plus - shared.from;
  const code = shared.finder === found.access ? findShared(access, step, frame, shared) : [];
  if (!shared.tolerant) return { access, at: shared.host, offset, code };
  const { index } = frame;
  const either = [
    set(index, get(shared.host)),
    unlikely(when(i32.eqz(get(index)), findAlone(access, step, frame, offset))),
  ];
  return { access, at: index, offset, code: [...code, ...either] };
}

/**
 * The page that the same base register last led to is tried where it is likely to be that again: nothing changes translations while a region runs.
 * Without a page for all the region is left, or (tolerant) each access looks for its own.
 */
function findShared(access: Inline, step: Step, frame: StepFrame, shared: SharedPage): Statement[] {
  const { base, va, mode } = frame;
  const { from, to, finder, store, host, tolerant } = shared;
  const tlb = store ? 'storeTlb' : 'loadTlb';
  const [bytes, { rs1 }] = [to - from, step.decoded];
  const piece = frame.inSamePage(step) === 'mostly' ? frame.pages.ofPieces(tlb, rs1, bytes) : undefined;
  const entry = entryFor(tlb, bytes, frame);
  const [searched, found, done] = [label('searched'), label('found'), label('done')];
  const missed = tolerant
    ? [
        branchIf(found, i32.eqz(get(mode))),
        unlikely(branchIf(frame.slow(), i32.eq(get(mode), i32.const(Mode.slow)))),
        set(host, i32.const(0)),
        branch(done),
      ]
    : [unlikely(branchIf(frame.away(), get(mode)))];
  return [
    set(va, plus(compileExpr(access.address, stepEnvironment(step, frame)), from - finder.address.plus)),
    block(done, [
      block(found, [
        block(searched, [
          ...(piece ? [] : [entry.choose]),
          unlikely(branchIf(searched, piece ? piece.excludes(va) : entry.differs)),
          branch(found),
        ]),
        set(mode, (piece ?? frame.pages.of(tlb, rs1)).find(base, va, bytes)),
        ...missed,
      ]),
      set(host, i32.add(piece ? piece.addend() : entry.addend, i32.wrap_i64(get(va)))),
    ]),
  ];
}

/**
 * The entry of a TLB that is to be there for `bytes` from `va` on: the first byte's, with the tag of the last one's page, so that what goes over a page's end
 * finds none. Nothing but that page goes into the tag beside the context: any other bit of the address could make it another context's.
 */
function entryFor(tlb: DataTlb, bytes: number, { base, va, index }: StepFrame) {
  const table = hartOffsets[tlb];
  const tag = i64.or(lastPage(va, bytes), i64.load(get(base), hartOffsets.dataContext));
  return {
    choose: set(index, i32.add(get(base), tlbIndex(get(va)))),
    differs: i64.ne(i64.load(get(index), table), tag),
    addend: i32.load(get(index), table + 8),
  };
}

/** What a page that is not shared would have in `index`: `offset` less than where the access goes. */
function findAlone(access: Inline, step: Step, frame: StepFrame, offset: number): Statement[] {
  const { base, va, index } = frame;
  const known = frame.pages.of(tlbOf[access.kind], step.decoded.rs1);
  return [
    set(va, compileExpr(access.address, stepEnvironment(step, frame))),
    unlikely(branchIf(frame.slow(), known.find(base, va, access.bytes))),
    set(index, i32.sub(i32.add(known.addend(), i32.wrap_i64(get(va))), i32.const(offset))),
  ];
}

const plus = (a: Term<'i64'>, constant: number): Term<'i64'> =>
  constant === 0 ? a : i64.add(a, i64.const(constant));

/**
 * The page that the same base register last led to is tried first: then where the access goes need not wait for the TLB, which is what a pointer in
 * memory costs most. Only an aligned access can be found there. What seldom stays in its page is looked for in the TLB in line, too.
 */
function translate(access: Inline, step: Step, frame: StepFrame): Statement[] {
  const { base, va, index } = frame;
  const { bytes } = access;
  const tlb = tlbOf[access.kind];
  const known = frame.pages.of(tlb, step.decoded.rs1);
  const place = i64.and(get(va), i64.const(-4096 | (bytes - 1)));
  const page = i64.and(get(va), i64.const(-4096));
  const entry = entryFor(tlb, bytes, frame);
  const find = unlikely(branchIf(frame.slow(), known.find(base, va, bytes)));
  const inTlb = (found: readonly Statement[]): Statement[] => [
    entry.choose,
    unlikely(when(entry.differs, [find], found)),
  ];
  const unlessKnown = (search: readonly Statement[]): Statement[] => [
    unlikely(when(known.differs(place), search)),
  ];
  const lookUps = {
    mostly: () => ({ code: unlessKnown([find]), addend: known.addend() }),
    sometimes: () => ({
      code: unlessKnown(inTlb(known.become(page, entry.addend))),
      addend: known.addend(),
    }),
    never: () => ({ code: inTlb([]), addend: entry.addend }),
  } satisfies Record<SamePage, unknown>;
  const lookUp = lookUps[frame.inSamePage(step)]();
  const code = [
    set(va, compileExpr(access.address, stepEnvironment(step, frame))),
    ...lookUp.code,
    set(index, i32.add(lookUp.addend, i32.wrap_i64(get(va)))),
  ];
  if (access.kind === 'load' || access.kind === 'store') return code;
  const misaligned = i32.and(i32.wrap_i64(get(va)), i32.const(bytes - 1));
  return [...code, unlikely(branchIf(frame.slow(), misaligned))];
}

/** All the row does is to load a floating-point register with 8 bytes. */
const loadsDouble = ({ semantics }: Instruction): boolean =>
  !('system' in semantics) &&
  semantics.access?.kind === 'load' &&
  semantics.access.bytes === 8 &&
  semantics.effects.every(({ kind }) => kind === 'f');

function transfer(
  { access, at: index, offset }: Placed,
  env: Environment,
  { base, loaded }: StepFrame,
  decoded: Decoded,
): Statement[] {
  const { bytes } = access;
  switch (access.kind) {
    case 'load':
      // A double is loaded where it is used.
      return loadsDouble(decoded.row)
        ? []
        : [set(loaded, loadHost(get(index), bytes, access.signed, offset))];
    case 'store':
      return [storeHost(get(index), bytes, compileExpr(access.value, env), offset)];
    case 'amo':
      return [
        set(loaded, loadHost(get(index), bytes, true)),
        storeHost(get(index), bytes, compileExpr(access.next, env)),
      ];
    case 'loadReserved':
      return [
        i32.store(get(base), get(index), hartOffsets.reservation),
        i32.store(get(base), i32.const(bytes), hartOffsets.reservationBytes),
        set(loaded, loadHost(get(index), bytes, true)),
      ];
    case 'storeConditional': {
      // The distance into the reservation; before its start that is a huge number.
      const into = (): Term<'i64'> =>
        i64.sub(i64.extend_i32_u(get(index)), i64.load32_u(get(base), hartOffsets.reservation));
      const reserved = i32.load(get(base), hartOffsets.reservationBytes);
      const room = i64.extend_i32_s(i32.sub(reserved, i32.const(bytes)));
      const covered = i32.and(i64.ge_s(into(), i64.const(0)), i64.le_s(into(), room));
      return [
        set(loaded, i64.extend_i32_u(i32.eqz(covered))),
        i32.store(get(base), i32.const(0), hartOffsets.reservationBytes),
        when(i64.eqz(get(loaded)), [storeHost(get(index), bytes, compileExpr(access.value, env))]),
      ];
    }
  }
}
