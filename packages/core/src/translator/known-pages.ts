import { guardBit, hartOffsets } from '../hart-layout.ts';
import { Mode } from '../interpreter/enter-region.ts';
import { type DataTlb, tlbIndex } from '../interpreter/hart-access.ts';
import type { refillParameters } from '../refill/refill.ts';
import type { ModuleBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  call,
  type FunctionRef,
  get,
  giveBack,
  type Local,
  type Statement,
  set,
  type Term,
  unlikely,
  when,
} from '../wasm/term.ts';

/** Byte offsets in a known page: its address, what added to an address gives the host offset, and (asked of pieces alone) how far in it one may begin. */
const knownField = { page: 0, addend: 8, room: 16 } as const;
const knownPageBytes = 24;
/** For each register and TLB one. */
const knownPages = 2 * 32;
/** Further ones, each for pieces of one size. */
const knownPieces = 192;
/** Memory that holds the known pages of whatever region runs, in bytes. */
export const knownPagesBytes = (knownPages + knownPieces) * knownPageBytes;

const finderParameters = ['i32', 'i64', 'i32', 'i32'] as const;
type Finder = FunctionRef<typeof finderParameters, 'i32'>;
type Refill = FunctionRef<typeof refillParameters, 'i32'>;
/**
 * `(hart area, address, bytes after the first, known page) -> 0, or the `Mode` to leave with`, of each TLB: `apart` when more than one entry is looked for
 * in vain. A refill does away with a miss that the page tables answer.
 */
export type PageFinders = Readonly<Record<DataTlb, Finder>>;

/** Functions, one for a whole module: the way of a page that is not the known one is long, and seldom gone. */
export const definePageFinders = (
  module: ModuleBuilder,
  refills: Readonly<Record<DataTlb, Refill>>,
): PageFinders => ({
  loadTlb: defineFinder(module, 'loadTlb', refills.loadTlb),
  storeTlb: defineFinder(module, 'storeTlb', refills.storeTlb),
});

/**
 * The entry is chosen by the first byte, the tag compared with the last: over a page's end that misses, and both pages are looked
 * at. Where they lie as in host memory one addend serves both.
 */
const defineFinder = (module: ModuleBuilder, tlb: DataTlb, refill: Refill): Finder =>
  module.function(tlb, finderParameters, 'i32', (fn, base, va, further, at) => {
    const [index, second, page] = [fn.local('i32'), fn.local('i32'), fn.local('i64')];
    const table = hartOffsets[tlb];
    const last = (): Term<'i64'> => i64.add(get(va), i64.extend_i32_u(get(further)));
    const first = i64.and(get(va), i64.const(-4096));
    const tagged = (place: Term<'i64'>): Term<'i64'> =>
      i64.or(place, i64.load(get(base), hartOffsets.dataContext));
    const entryOf = (place: Term<'i64'>): Term<'i32'> => i32.add(get(base), tlbIndex(place));
    const has = (entry: Local<'i32'>, tag: Term<'i64'>): Term<'i32'> =>
      i64.eq(i64.load(get(entry), table), tag);
    const addend = (entry: Local<'i32'>): Term<'i32'> => i32.load(get(entry), table + 8);
    const leave = (mode: number): Statement => giveBack(i32.const(mode));
    return [
      set(index, entryOf(get(va))),
      set(page, i64.and(last(), i64.const(-4096))),
      unlikely(
        when(i32.eqz(has(index, tagged(get(page)))), [
          when(has(index, i64.or(tagged(get(page)), i64.const(guardBit))), [leave(Mode.apart)]),
          when(
            i64.eq(get(page), first),
            [when(i32.eqz(call(refill, get(base), get(va))), [leave(Mode.slow)])],
            [
              set(second, entryOf(last())),
              when(i32.eqz(has(index, tagged(first))), [leave(Mode.slow)]),
              when(i32.eqz(has(second, tagged(get(page)))), [leave(Mode.apart)]),
              when(i32.ne(addend(index), addend(second)), [leave(Mode.apart)]),
              set(page, first),
            ],
          ),
        ]),
      ),
      i64.store(get(at), get(page), knownField.page),
      i32.store(get(at), addend(index), knownField.addend),
      i64.store(get(at), i64.sub(i64.const(4096), i64.extend_i32_u(get(further))), knownField.room),
      i32.const(0),
    ];
  });

/** Of a page that a translation found: its virtual address, and what added to an address in it gives the host offset. */
abstract class Known {
  /** Whether any code looks here first. */
  protected tried = false;

  constructor(
    protected readonly at: number,
    private readonly finder: Finder,
  ) {}

  addend(): Term<'i32'> {
    return i32.load(i32.const(0), this.at + knownField.addend);
  }

  /** Makes it the page of an access and gives 0, if the TLB has it; else the `Mode` to leave with. */
  find(base: Local<'i32'>, va: Local<'i64'>, bytes: number): Term<'i32'> {
    return call(this.finder, get(base), get(va), i32.const(bytes - 1), i32.const(this.at));
  }

  /** No page at all is known. */
  forget(): Statement[] {
    return this.tried ? [this.forgotten()] : [];
  }

  protected abstract forgotten(): Statement;
}

/** The page of single accesses. */
export class KnownPage extends Known {
  /** Whether it is another than `page`. */
  differs(page: Term<'i64'>): Term<'i32'> {
    this.tried = true;
    return i64.ne(page, i64.load(i32.const(0), this.at + knownField.page));
  }

  /** Makes it a page that is in the TLB. */
  become(page: Term<'i64'>, addend: Term<'i32'>): Statement[] {
    return [
      i64.store(i32.const(0), page, this.at + knownField.page),
      i32.store(i32.const(0), addend, this.at + knownField.addend),
    ];
  }

  /** No page's address has all bits set. */
  protected forgotten(): Statement {
    return i64.store(i32.const(0), i64.const(-1), this.at + knownField.page);
  }
}

/** The page of pieces of memory of one size: one comparison tells whether all of a piece is in it. */
export class KnownPiece extends Known {
  /** Whether any of the piece at `va` is elsewhere. */
  excludes(va: Local<'i64'>): Term<'i32'> {
    this.tried = true;
    const into = i64.sub(get(va), i64.load(i32.const(0), this.at + knownField.page));
    return i64.ge_u(into, i64.load(i32.const(0), this.at + knownField.room));
  }

  /** There is room nowhere. */
  protected forgotten(): Statement {
    return i64.store(i32.const(0), i64.const(0), this.at + knownField.room);
  }
}

/**
 * For each base register and TLB the last page it led to. They are in memory: as locals, two for each register would be merged
 * wherever control flow is, and spilled.
 */
export class KnownPages {
  readonly #pages = new Map<string, KnownPage>();
  readonly #pieces = new Map<string, KnownPiece>();

  /** `at` is where `knownPagesBytes` of memory are. */
  constructor(
    private readonly at: number,
    private readonly finders: PageFinders,
  ) {}

  of(tlb: DataTlb, register: number): KnownPage {
    const key = `${tlb}${register}`;
    const known = this.#pages.get(key) ?? new KnownPage(this.#place(this.#pages.size), this.finders[tlb]);
    this.#pages.set(key, known);
    return known;
  }

  /** The same for pieces of so many bytes; undefined: there is no room for more. */
  ofPieces(tlb: DataTlb, register: number, bytes: number): KnownPiece | undefined {
    const key = `${tlb}${register}/${bytes}`;
    const known = this.#pieces.get(key);
    if (known || this.#pieces.size === knownPieces) return known;
    const made = new KnownPiece(this.#place(knownPages + this.#pieces.size), this.finders[tlb]);
    this.#pieces.set(key, made);
    return made;
  }

  #place(number: number): number {
    return this.at + number * knownPageBytes;
  }

  /** No page of those asked for by now is known. */
  forget(): Statement[] {
    return [...this.#pages.values(), ...this.#pieces.values()].flatMap((each) => each.forget());
  }
}
