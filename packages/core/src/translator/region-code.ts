import { compileCondition, compileExpr } from '../codegen/expression.ts';
import { bitsOfDouble, doubleOfBits } from '../codegen/float-bits.ts';
import { hartOffsets } from '../hart-layout.ts';
import { Mode } from '../interpreter/enter-region.ts';
import { jumpOf } from '../interpreter/handlers.ts';
import { storeHost, tlbIndex } from '../interpreter/hart-access.ts';
import { singleOperands } from '../reference/row-facts.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  block,
  branch,
  branchIf,
  type FunctionRef,
  get,
  type Label,
  type Local,
  label,
  type Statement,
  set,
  type Term,
  tailCall,
  unlikely,
  when,
} from '../wasm/term.ts';
import { type CsrLocals, switchesFloat } from './csr-step.ts';
import { type Block, type Edge, lengthOf, pageOf, type Step, successorsOf } from './discover.ts';
import { FloatState } from './float-state.ts';
import { analyse, type Flow } from './graph.ts';
import { KnownPages, type PageFinders } from './known-pages.ts';
import type { nextParameters } from './next-region.ts';
import { SharedPages } from './shared-pages.ts';
import { executeStep, floatFacts, type StepFrame, stepEnvironment } from './step.ts';
import { Strides } from './strides.ts';
import { structured } from './structure.ts';
import { placedAccesses } from './sums.ts';

/** A region to be written. */
export interface Region {
  readonly blocks: readonly Block[];
  /** Host page of each page the region has code in, by the page's number. */
  readonly hostPages: ReadonlyMap<number, number>;
  /** Whether what the access at a place shares with others was often not one page. */
  apart(place: number): boolean;
}

/** What regions are written for. */
export interface RegionOptions {
  /** The host's relaxed multiply-add rounds once, and may be used. */
  readonly fusedMultiplyAdd: boolean;
  /** Address of `knownPagesBytes` of memory. */
  readonly knownPages: number;
  readonly finders: PageFinders;
  /** Goes on with another region; undefined: the interpreter does. */
  readonly next: FunctionRef<typeof nextParameters, 'i32'> | undefined;
}

/** Registers in locals: loaded when the region is entered, the written ones stored when it is left. */
export class Registers {
  readonly #locals = new Map<number, Local<'i64' | 'f64'>>();
  readonly #written = new Set<number>();

  /** Floating-point registers are doubles, but for `singles` (by offset), which are used in the other format, too. */
  constructor(
    private readonly fn: FunctionBuilder,
    private readonly singles: ReadonlySet<number>,
  ) {}

  /** The local of a register, by its byte offset in the hart's area. */
  #local(offset: number): Local<'i64' | 'f64'> {
    const isDouble = offset >= hartOffsets.f && offset < hartOffsets.f + 32 * 8 && !this.singles.has(offset);
    const known = this.#locals.get(offset) ?? this.fn.local(isDouble ? 'f64' : 'i64');
    this.#locals.set(offset, known);
    return known;
  }

  read(offset: number): Term<'i64'> {
    const local = this.#local(offset);
    return local.type === 'f64' ? bitsOfDouble(get(local as Local<'f64'>)) : get(local as Local<'i64'>);
  }

  write(offset: number, value: Term<'i64'>): Statement {
    this.#written.add(offset);
    return this.#set(this.#local(offset), value);
  }

  #set(local: Local<'i64' | 'f64'>, value: Term<'i64'>): Statement {
    return local.type === 'f64'
      ? set(local as Local<'f64'>, doubleOfBits(value))
      : set(local as Local<'i64'>, value);
  }

  /** Reads all registers there are by now from the hart's area. */
  load(base: Local<'i32'>): Statement[] {
    return [...this.#locals].map(([offset, local]) => this.#set(local, i64.load(get(base), offset)));
  }

  /** Writes the changed ones back. */
  store(base: Local<'i32'>): Statement[] {
    return [...this.#written].map((offset) => storeHost(get(base), 8, this.read(offset), offset));
  }
}

/** The floating-point registers, by offset, that code uses as singles. */
function singlesIn(blocks: readonly Block[]): Set<number> {
  const found = new Set<number>();
  for (const { steps } of blocks)
    for (const { decoded } of steps)
      for (const operand of singleOperands(decoded.row)) found.add(hartOffsets.f + 8 * decoded[operand]);
  return found;
}

/** What the code of a region's instructions shares. */
export interface Frame {
  readonly fn: FunctionBuilder;
  readonly pages: KnownPages;
  readonly base: Local<'i32'>;
  readonly float: FloatState;
  readonly fusedMultiplyAdd: boolean;
  readonly registers: Registers;
  /** Virtual address of the region's first page. */
  readonly page: Local<'i64'>;
  readonly left: Local<'i32'>;
  readonly va: Local<'i64'>;
  readonly index: Local<'i32'>;
  readonly loaded: Local<'i64'>;
  /** How the region is left: a `Mode`, and instructions of the budget that are given back. */
  readonly mode: Local<'i32'>;
}

/** Bits of a `Mode`; above them is how many instructions are refunded. */
const modeBits = 3;

/** Where a region is left: before the instruction at `place`, `refund` instructions of the block not executed. */
interface Leaving {
  readonly label: Label;
  readonly place: number;
  readonly refund: number;
  /** Undefined: as is set. */
  readonly mode: number | undefined;
}

/** The body of a region's function `(hart area) -> Mode`. */
export function regionCode(
  region: Region,
  fn: FunctionBuilder,
  base: Local<'i32'>,
  options: RegionOptions,
): Term[] {
  return new RegionWriter(region, fn, base, options).body();
}

const csrLocals = (fn: FunctionBuilder): CsrLocals => ({
  bank: fn.local('i32'),
  old: fn.local('i64'),
  value: fn.local('i64'),
  status: fn.local('i64'),
});

const field = (base: Local<'i32'>, name: keyof typeof hartOffsets) => ({
  at: get(base),
  offset: hartOffsets[name],
});

class RegionWriter {
  readonly #frame: Frame;
  /** One for all steps; what it does on the slow way is the present step's. */
  readonly #stepFrame: StepFrame;
  #slow: () => Label = () => this.#out;
  #awayHere: () => Label = () => this.#out;
  #shared: SharedPages | undefined;
  #strides: Strides | undefined;
  #at = 0;
  /** What `once` has done when the present block is executed, and at the ends of blocks: what dominates a block is written before it. */
  #done = new Set<string>();
  readonly #doneIn = new Map<number, ReadonlySet<string>>();
  readonly #leavings: Leaving[] = [];
  readonly #away = new Map<number, Label>();
  readonly #target: Local<'i64'>;
  /** From the region's page to `target`. */
  readonly #distance: Local<'i64'>;
  readonly #site: Local<'i64'>;
  /** Where the region is left: the place, and how. */
  readonly #place: Local<'i32'>;
  /** The pages of code that were looked at, one bit each. */
  readonly #mapped: Local<'i32'>;
  readonly #pageNumbers = new Map<number, number>();
  readonly #out = label('out');
  readonly #dynamic = label('dynamic');
  #entryLocal: Local<'i32'> | undefined;
  #csr: CsrLocals | undefined;

  constructor(
    private readonly region: Region,
    private readonly fn: FunctionBuilder,
    base: Local<'i32'>,
    private readonly options: RegionOptions,
  ) {
    this.#target = fn.local('i64');
    this.#distance = fn.local('i64');
    this.#site = fn.local('i64');
    this.#place = fn.local('i32');
    this.#mapped = fn.local('i32');
    this.#frame = {
      fn,
      base,
      pages: new KnownPages(options.knownPages, options.finders),
      registers: new Registers(fn, singlesIn(region.blocks)),
      float: new FloatState(fn, base, region.blocks),
      fusedMultiplyAdd: options.fusedMultiplyAdd,
      page: fn.local('i64'),
      left: fn.local('i32'),
      va: fn.local('i64'),
      index: fn.local('i32'),
      loaded: fn.local('i64'),
      mode: fn.local('i32'),
    };
    this.#stepFrame = {
      ...this.#frame,
      slow: () => this.#slow(),
      away: () => this.#awayHere(),
      csr: () => (this.#csr ??= csrLocals(fn)),
      forgetFloat: () => {
        this.#forgetFloat();
        return this.#frame.float.read();
      },
      shared: (step) => this.#shared!.of(this.#at, step),
      inSamePage: ({ decoded }) => this.#strides!.inSamePage(this.#at, decoded.rs1),
      once: (what, code) => this.#once(what, code),
      address: this.#address,
    };
  }

  body(): Term[] {
    const { blocks } = this.region;
    const successors = blocks.map(({ end }) => successorsOf(end));
    const flow = analyse(successors, 0);
    const needs = budgetNeeds(blocks.map(lengthOf), successors, flow);
    this.#shared = new SharedPages(
      placedAccesses(blocks, successors, flow),
      flow,
      () => this.fn.local('i32'),
      ({ step }) => this.region.apart(step.place),
    );
    this.#strides = new Strides(blocks, successors, flow);
    const switches = blocks.some(({ steps }) => steps.some(({ decoded }) => switchesFloat(decoded)));
    const code = structured(
      {
        successors,
        entryLocal: () => (this.#entryLocal ??= this.fn.local('i32')),
        code: (node, go) => {
          this.#done = new Set(this.#doneIn.get(flow.dominator[node]!));
          // A way here from the dominator may lead through the switch.
          if (switches) this.#forgetFloat();
          this.#doneIn.set(node, this.#done);
          this.#at = node;
          this.#shared!.begin(node);
          return this.#block(blocks[node]!, needs[node], go);
        },
      },
      flow,
    );
    // Registers are known only now that all code is written.
    return [...this.#enter(), block(this.#out, this.#withLeavings(code)), ...this.#leave()];
  }

  #enter(): Statement[] {
    const { base, page, left, registers, float, pages } = this.#frame;
    const pc = field(base, 'pc');
    return [
      set(page, i64.and(i64.load(pc.at, pc.offset), i64.const(-4096))),
      set(left, i32.load(get(base), hartOffsets.left)),
      ...registers.load(base),
      ...float.enter(),
      ...pages.forget(),
    ];
  }

  /** The ways out, after the code that takes them. */
  #withLeavings(code: Statement[]): Statement[] {
    let all: Statement[] = code;
    const { page, mode: how } = this.#frame;
    for (const { label: at, place, refund, mode } of this.#leavings) {
      all = [
        block(at, all),
        // A constant costs nothing on the way here.
        set(this.#place, i32.const(place)),
        set(
          how,
          mode === undefined
            ? i32.or(get(how), i32.const(refund << modeBits))
            : i32.const((refund << modeBits) | mode),
        ),
        branch(this.#out),
      ];
    }
    return [
      block(this.#dynamic, all),
      i64.store(get(this.#frame.base), get(this.#site), hartOffsets.cameFrom),
      set(page, get(this.#target)),
      set(this.#place, i32.const(0)),
      set(how, i32.const(Mode.indirect)),
    ];
  }

  #leave(): Term[] {
    const { base, left, page, registers, mode } = this.#frame;
    return [
      ...registers.store(base),
      i64.store(get(base), i64.add(get(page), i64.extend_i32_s(get(this.#place))), hartOffsets.pc),
      i32.store(get(base), i32.add(get(left), i32.shr_u(get(mode), i32.const(modeBits))), hartOffsets.left),
      set(mode, i32.and(get(mode), i32.const((1 << modeBits) - 1))),
      ...this.#goOn(),
      get(mode),
    ];
  }

  /** Another region may begin where this one is left in a mode that counts. */
  #goOn(): Statement[] {
    const { next } = this.options;
    if (!next) return [];
    const { base, mode } = this.#frame;
    return [when(i32.and(get(mode), i32.const(1)), [tailCall(next, get(base), get(mode))])];
  }

  #forgetFloat(): void {
    for (const fact of Object.values(floatFacts)) this.#done.delete(fact);
  }

  #once(what: string, code: () => Statement[]): Statement[] {
    if (this.#done.has(what)) return [];
    this.#done.add(what);
    return code();
  }

  #leaving(place: number, refund: number, mode: number | undefined): Label {
    const made = label('leave');
    this.#leavings.push({ label: made, place, refund, mode });
    return made;
  }

  /** Out of the region, to a place of which nothing more is known. */
  #leaveTo(place: number): Label {
    const label = this.#away.get(place) ?? this.#leaving(place, 0, Mode.count);
    this.#away.set(place, label);
    return label;
  }

  #address = (place: number): Term<'i64'> =>
    place === 0 ? get(this.#frame.page) : i64.add(get(this.#frame.page), i64.const(place));

  #block(block: Block, need: number | undefined, go: (target: number) => Statement[]): Statement[] {
    const { left } = this.#frame;
    const { place, steps, end } = block;
    const length = lengthOf(block);
    const code: Statement[] = [];
    if (need !== undefined)
      code.push(unlikely(branchIf(this.#leaving(place, 0, Mode.step), i32.lt_s(get(left), i32.const(need)))));
    if (length > 0) code.push(set(left, i32.sub(get(left), i32.const(length))));
    steps.forEach((step, n) => {
      let made: Label | undefined;
      this.#slow = () => (made ??= this.#leaving(step.place, length - n, Mode.slow));
      this.#awayHere = () => this.#leaving(step.place, length - n, undefined);
      code.push(...executeStep(step, this.#stepFrame));
    });
    this.#slow = () => this.#out;
    return [...code, ...this.#end(end, place, go)];
  }

  #end(end: Block['end'], from: number, go: (target: number) => Statement[]): Statement[] {
    const follow = (edge: Edge): Statement[] => this.#follow(edge, from, go);
    switch (end.kind) {
      case 'next':
        return follow(end.to);
      case 'slow':
        return [branch(this.#leaving(end.place, 0, Mode.slow))];
      case 'jump':
        return [...this.#link(end.step), ...follow(end.to)];
      case 'branch':
        return [this.#branch(end.step, follow(end.taken)), ...follow(end.next)];
      case 'indirect':
        return this.#indirect(end.step, end.expected, follow);
    }
  }

  #branch(step: Step, taken: Statement[]): Statement {
    const condition = compileCondition(jumpOf(step.decoded.row)!.when!, this.#environment(step));
    const [only] = taken;
    if (taken.length === 1 && only?.kind === 'branch' && !only.when) {
      return branchIf(only.label, condition);
    }
    return when(condition, taken);
  }

  #environment(step: Step) {
    return stepEnvironment(step, this.#stepFrame);
  }

  /** The register a jump writes. */
  #link({ decoded, place }: Step): Statement[] {
    if (decoded.rd === 0) return [];
    const { registers } = this.#frame;
    return [registers.write(hartOffsets.x + 8 * decoded.rd, this.#address(place + decoded.length))];
  }

  #indirect(step: Step, expected: readonly Edge[], follow: (edge: Edge) => Statement[]): Statement[] {
    const target = this.#target;
    return [
      set(target, compileExpr(jumpOf(step.decoded.row)!.target, this.#environment(step))),
      ...this.#link(step),
      ...(expected.length > 0 ? [set(this.#distance, i64.sub(get(target), get(this.#frame.page)))] : []),
      ...this.#choose(
        expected.toSorted((a, b) => a.place - b.place),
        follow,
      ),
      set(this.#site, this.#address(step.place)),
      branch(this.#dynamic),
    ];
  }

  /** Goes to the edge whose place is `distance`, if it is any's: a binary search. */
  #choose(edges: readonly Edge[], follow: (edge: Edge) => Statement[]): Statement[] {
    const distance = get(this.#distance);
    if (edges.length <= 3) {
      return edges.map((edge) => when(i64.eq(distance, i64.const(edge.place)), follow(edge)));
    }
    const middle = edges.length >>> 1;
    const below = i64.lt_s(distance, i64.const(edges[middle]!.place));
    const [low, high] = [edges.slice(0, middle), edges.slice(middle)];
    return [when(below, this.#choose(low, follow), this.#choose(high, follow))];
  }

  #follow(edge: Edge, from: number, go: (target: number) => Statement[]): Statement[] {
    if (edge.kind === 'leave') return [branch(this.#leaveTo(edge.place))];
    const crossing = pageOf(edge.place) !== pageOf(from) ? this.#checkPage(edge.place) : [];
    return [...crossing, ...go(edge.block)];
  }

  /** The region was made of certain pages of RAM: goes on only if that is what is mapped. Once it was, it is until the region is left. */
  #checkPage(place: number): Statement[] {
    const { base, va, index } = this.#frame;
    const page = pageOf(place);
    // The region was entered through it.
    if (page === 0) return [];
    const away = this.#leaveTo(place);
    const host = i32.add(i32.load(get(index), hartOffsets.fetchTlb + 8), i32.wrap_i64(get(va)));
    const wanted = i64.or(get(va), i64.load(get(base), hartOffsets.fetchContext));
    const bit = this.#bitOf(page);
    const check = [
      set(va, this.#address(page * 4096)),
      set(index, i32.add(get(base), tlbIndex(get(va)))),
      unlikely(branchIf(away, i64.ne(i64.load(get(index), hartOffsets.fetchTlb), wanted))),
      unlikely(branchIf(away, i32.ne(host, i32.const(this.region.hostPages.get(page)! * 4096)))),
      set(this.#mapped, i32.or(get(this.#mapped), i32.const(bit))),
    ];
    return [unlikely(when(i32.eqz(i32.and(get(this.#mapped), i32.const(bit))), check))];
  }

  /** The bit of a page in `mapped`; beyond 32 pages none, so that they are looked at each time. */
  #bitOf(page: number): number {
    const number = this.#pageNumbers.get(page) ?? this.#pageNumbers.size;
    this.#pageNumbers.set(page, number);
    return number < 32 ? 1 << number : 0;
  }
}

/**
 * Where the budget is looked at: at the entry and where loops close; and how many instructions may be executed from there until
 * the next such place. Undefined for other blocks.
 */
function budgetNeeds(
  lengths: readonly number[],
  successors: readonly (readonly number[])[],
  { order, position }: Flow,
): readonly (number | undefined)[] {
  const checked = new Set([0]);
  for (const node of order)
    for (const next of successors[node]!) if (position[next]! <= position[node]!) checked.add(next);
  const needs = new Array<number>(lengths.length).fill(0);
  for (const node of order.toReversed()) {
    const onward = successors[node]!.map((next) => (checked.has(next) ? 0 : needs[next]!));
    needs[node] = lengths[node]! + Math.max(0, ...onward);
  }
  return needs.map((need, node) => (checked.has(node) && need > 0 ? need : undefined));
}
