import { Pte } from '@trapline/isa';
import { watchedLink } from '../code-map.ts';
import { guardBit, type HartField, hartOffsets, invalidMark, notedFills } from '../hart-layout.ts';
import { tlbIndex } from '../interpreter/hart-access.ts';
import { type FunctionBuilder, type MemoryLimits, ModuleBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  block,
  branch,
  branchIf,
  call,
  choose,
  type FunctionRef,
  get,
  giveBack,
  type Local,
  label,
  loop,
  type Statement,
  set,
  type Term,
  tee,
  when,
} from '../wasm/term.ts';
import { accesses, ContextFact, contextFactsWords, passesTest } from './context-facts.ts';
import { derivedField, derivedLeaf, findRecord } from './derive.ts';
import { noteLargePage } from './large-pages.ts';
import { allowedBit, spanBytes, spanField } from './spans.ts';

/**
 * TLB misses that the page tables answer, without JavaScript. What is not plain (an entry that is not valid, of an unusual kind
 * or to be changed, a page that is not RAM or that PMP splits) is not done at all: `Mmu` does it.
 */

/** Type of a refill: (hart area, va) -> host offset of the byte at `va`, which the TLB knows from now on, or 0: ask `Mmu`. */
export const refillParameters = ['i32', 'i64'] as const;
export type RefillAccess = (typeof accesses)[number];

interface Walk {
  readonly access: RefillAccess;
  /** What a walk is for: to fill a TLB, to tell what was found, to derive a leaf from it, or to tell a page fault. */
  readonly purpose: 'fill' | 'examine' | 'derive' | 'fault';
  /** Fills an entry of a derived table that is empty: (hart area, va, its host offset) -> whether it did. */
  readonly derive?: FunctionRef<typeof deriveParameters, 'i32'>;
  readonly base: Local<'i32'>;
  /** The area of the hart that executes: `base`, but for walks of the tables that its own are derived from. */
  readonly area: Local<'i32'>;
  readonly va: Local<'i64'>;
  readonly context: Local<'i64'>;
  /** Where the context's facts are, and the first of them. */
  readonly facts: Local<'i32'>;
  readonly fact: Local<'i64'>;
  /** A table's address, then an entry's, then what `va` is translated to. */
  readonly pa: Local<'i64'>;
  readonly pte: Local<'i64'>;
  /** log2 of what an entry of the present level maps; 0 without page tables. */
  readonly size: Local<'i64'>;
  readonly host: Local<'i32'>;
  readonly at: Local<'i32'>;
  readonly bits: Local<'i32'>;
  /** What an engine knows the page's code by; 0: it holds none of it. */
  readonly link: Local<'i32'>;
}

const giveUp = giveBack(i32.const(0));
const giveUpIf = (condition: Term<'i32'>): Statement => when(condition, [giveUp]);
const giveUpUnless = (condition: Term<'i32'>): Statement => giveUpIf(i32.eqz(condition));

const some = (value: Local<'i64'>, mask: bigint): Term<'i64'> => i64.and(get(value), i64.const(mask));
const place = ({ base }: Walk, field: HartField): Term<'i32'> =>
  i32.add(get(base), i32.const(hartOffsets[field]));

/** Puts the host offset of physical `pa` into `host`, if it is RAM and the `allowed` bit is set there. */
function toHost(walk: Walk, allowed: Term<'i32'>): Statement[] {
  const { pa, at, bits, host } = walk;
  const [found, next] = [label('found'), label('next')];
  const distance = i64.sub(get(pa), i64.load(get(at), spanField.address));
  return [
    set(at, place(walk, 'spans')),
    block(found, [
      loop(next, [
        branchIf(found, i64.lt_u(distance, i64.load(get(at), spanField.bytes))),
        giveUpIf(i64.eqz(i64.load(get(at), spanField.bytes))),
        set(at, i32.add(get(at), i32.const(spanBytes))),
        branch(next),
      ]),
    ]),
    giveUpUnless(i32.and(tee(bits, i32.load(get(at), spanField.allowed)), allowed)),
    set(host, i32.add(i32.load(get(at), spanField.addend), i32.wrap_i64(get(pa)))),
  ];
}

const pageBits = 12;
const levelBits = 9;
const ppnShift = 10;
/** The lowest of the bits above the page number: reserved ones, PBMT and N. */
const unusualShift = 54;
/** In an entry that points to a table. R and X are known to be clear there, so W is reserved. */
const notInPointers = Pte.W | Pte.U | Pte.A | Pte.D;

const frameOf = (pte: Local<'i64'>): Term<'i64'> =>
  i64.shl(i64.shr_u(get(pte), i64.const(ppnShift)), i64.const(pageBits));

/** Bits above the translated ones must copy the highest of them. */
function checkCanonical({ va, size }: Walk): Statement {
  const above = (): Term<'i64'> => i64.sub(i64.const(64), get(size));
  return giveUpIf(i64.ne(i64.shr_s(i64.shl(get(va), above()), above()), get(va)));
}

/** The entry just read is at `host`. */
function noteEntry({ base, size, host }: Walk): Statement {
  const level = i32.div_u(i32.sub(i32.wrap_i64(get(size)), i32.const(pageBits)), i32.const(levelBits));
  const field = i32.add(get(base), i32.shl(level, i32.const(2)));
  return i32.store(field, get(host), hartOffsets.walkedEntries);
}

/** What was found, for TypeScript. */
const tell = ({ base, pte, size, bits }: Walk): Statement[] => [
  i64.store(get(base), get(pte), hartOffsets.walkedLeaf),
  i32.store(get(base), i32.wrap_i64(get(size)), hartOffsets.walkedSize),
  i32.store(get(base), get(bits), hartOffsets.walkedAllowed),
];

const marked = ({ va }: Walk): Term<'i64'> => i64.xor(get(va), i64.const(invalidMark));

/** A page fault, whatever else is asked: `Mmu` need not walk again. */
const noteInvalid = (walk: Walk): Statement => i64.store(get(walk.base), marked(walk), hartOffsets.invalid);

/** A page fault of the state in the bank. */
const noteFault = (walk: Walk): Statement => i64.store(get(walk.area), marked(walk), hartOffsets.fault);

/** The entry at `host` is not valid: unless it can be filled, the walk is over. */
function invalid(walk: Walk): Statement[] {
  const { purpose, derive, base, va, pte, size, host } = walk;
  if (purpose === 'derive') return [giveUp];
  if (purpose === 'fault') return [noteFault(walk), giveUp];
  const over = [noteInvalid(walk), giveUp];
  if (!derive) return over;
  const derives = i32.ne(i32.load(get(base), hartOffsets.derivedRecords), i32.const(0));
  const fillable = i32.and(derives, i32.and(i64.eqz(get(pte)), i64.eq(get(size), i64.const(pageBits))));
  return [
    when(i32.eqz(fillable), over),
    when(i32.eqz(call(derive, get(base), get(va), get(host))), over),
    set(pte, i64.load(get(host))),
  ];
}

/** Finds the leaf: `pte`, which maps `size` bits. */
function descend(walk: Walk): Statement[] {
  const { fact, va, pa, pte, size, host } = walk;
  const [leaf, next] = [label('leaf'), label('next')];
  const index = i64.and(i64.shr_u(get(va), get(size)), i64.const(2 ** levelBits - 1));
  const bits = i64.mul(some(fact, BigInt(ContextFact.levels)), i64.const(levelBits));
  return [
    set(size, i64.add(bits, i64.const(pageBits))),
    checkCanonical(walk),
    set(pa, some(fact, ContextFact.root)),
    block(leaf, [
      loop(next, [
        set(size, i64.sub(get(size), i64.const(levelBits))),
        giveUpIf(i64.lt_s(get(size), i64.const(pageBits))),
        set(pa, i64.add(get(pa), i64.shl(index, i64.const(3)))),
        ...toHost(walk, i32.const(allowedBit('load', false))),
        set(pte, i64.load(get(host))),
        ...(walk.purpose === 'examine' ? [noteEntry(walk)] : []),
        when(i64.eqz(some(pte, Pte.V)), invalid(walk)),
        giveUpUnless(i64.eqz(i64.shr_u(get(pte), i64.const(unusualShift)))),
        branchIf(leaf, i64.ne(some(pte, Pte.R | Pte.X), i64.const(0))),
        giveUpIf(i64.ne(some(pte, notInPointers | Pte.V), i64.const(Pte.V))),
        set(pa, frameOf(pte)),
        branch(next),
      ]),
    ]),
  ];
}

/** Checks the leaf and puts the address it gives into `pa`. */
function follow(walk: Walk): Statement[] {
  const { access, facts, va, pa, pte, size } = walk;
  const within = (value: Term<'i64'>): Term<'i64'> =>
    i64.and(value, i64.sub(i64.shl(i64.const(1), get(size)), i64.const(1)));
  return [
    giveUpIf(i64.eq(some(pte, Pte.R | Pte.W), i64.const(Pte.W))),
    giveUpUnless(passesTest(facts, pte, access)),
    set(pa, frameOf(pte)),
    giveUpUnless(i64.eqz(within(get(pa)))),
    set(pa, i64.or(get(pa), within(get(va)))),
  ];
}

/** Fences of one address must reach the entry. */
const noteSize = (walk: Walk): Statement =>
  when(i64.gt_u(get(walk.size), i64.const(pageBits)), noteLargePage(place(walk, 'largePages'), walk));

const tlbs = { load: 'loadTlb', store: 'storeTlb', fetch: 'fetchTlb' } as const;

/** Enters the page of `host` for the page of `va`. */
function enter(walk: Walk): Statement[] {
  const { access, base, va, context, host, at, link } = walk;
  const table = hartOffsets[tlbs[access]];
  const refills = i64.add(i64.load(get(base), hartOffsets.refills), i64.const(1));
  return [
    set(at, i32.add(get(base), tlbIndex(get(va)))),
    i64.store(get(at), i64.or(i64.and(get(va), i64.const(-4096)), get(context)), table),
    i32.store(get(at), i32.sub(get(host), i32.wrap_i64(get(va))), table + 8),
    i32.store(get(at), get(link), table + 12),
    i64.store(get(base), refills, hartOffsets.refills),
    ...noteFill(walk, i32.add(get(at), i32.const(table))),
    noteSize(walk),
  ];
}

/** A fence knows what to clear. */
function noteFill({ base, bits }: Walk, entry: Term<'i32'>): Statement[] {
  const place = i32.add(get(base), i32.shl(get(bits), i32.const(2)));
  return [
    set(bits, i32.load(get(base), hartOffsets.fills)),
    when(i32.lt_u(get(bits), i32.const(notedFills)), [i32.store(place, entry, hartOffsets.filled)]),
    i32.store(get(base), i32.add(get(bits), i32.const(1)), hartOffsets.fills),
  ];
}

const linkOf = ({ base, host }: Walk): Term<'i32'> => {
  const page = i32.shr_u(get(host), i32.const(pageBits));
  return i32.load(i32.add(i32.load(get(base), hartOffsets.codeLinks), i32.shl(page, i32.const(2))));
};

/**
 * The page of `host` into the TLB. Fetches need code that an engine knows. A store beside code gets a guarded entry, and is not
 * for the caller to do.
 */
const enterLinked: Record<RefillAccess, (walk: Walk) => Statement[]> = {
  load: enter,
  fetch: (walk) => [
    set(walk.link, i32.and(linkOf(walk), i32.const(~watchedLink))),
    giveUpUnless(get(walk.link)),
    ...enter(walk),
  ],
  store: (walk) => [
    set(walk.link, linkOf(walk)),
    when(get(walk.link), [set(walk.context, i64.or(get(walk.context), i64.const(guardBit)))]),
    ...enter(walk),
    giveUpIf(get(walk.link)),
  ],
};

/** The context an access is made in by the hart of `area`, and what one of its tables of facts says of it. */
function lookUpFacts(
  { access, context, facts, fact }: Walk,
  area: Local<'i32'>,
  table: 'contextFacts' | 'guestFacts',
): Statement[] {
  const number = access === 'fetch' ? hartOffsets.fetchContext : hartOffsets.dataContext;
  const offset = i32.mul(i32.wrap_i64(get(context)), i32.const(8 * contextFactsWords));
  return [
    set(context, i64.load(get(area), number)),
    set(facts, i32.add(i32.add(get(area), i32.const(hartOffsets[table])), offset)),
    set(fact, i64.load(get(facts))),
  ];
}

function refillBody(walk: Walk): Term[] {
  const { access, base, va, fact, pa, host } = walk;
  const mode = (bit: number): Term<'i32'> => i32.and(i32.wrap_i64(get(fact)), i32.const(bit));
  const allowed = (machine: boolean): Term<'i32'> => i32.const(allowedBit(access, machine));
  return [
    i64.store(get(base), i64.const(0), hartOffsets.invalid),
    ...lookUpFacts(walk, base, 'contextFacts'),
    giveUpUnless(mode(ContextFact.known)),
    set(pa, get(va)),
    when(mode(ContextFact.levels), [...descend(walk), ...follow(walk)]),
    ...toHost(walk, choose(mode(ContextFact.machine), allowed(true), allowed(false))),
    ...(walk.purpose === 'examine' ? tell(walk) : enterLinked[access](walk)),
    get(host),
  ];
}

/** Type of what fills an entry. */
const deriveParameters = ['i32', 'i64', 'i32'] as const;

/** `walk.base` is the guest's area: its RAM is where the guest's tables and pages are. */
function deriveBody(walk: Walk, { entry, record }: Record<'entry' | 'record', Local<'i32'>>): Term[] {
  const { access, base, area, fact, size, host, bits } = walk;
  const paged = i64.ne(some(fact, BigInt(ContextFact.levels)), i64.const(0));
  return [
    set(base, i32.load(get(area), hartOffsets.bank)),
    giveUpUnless(get(base)),
    ...findRecord(area, entry, record),
    giveUpUnless(get(record)),
    ...lookUpFacts(walk, area, 'guestFacts'),
    giveUpUnless(paged),
    ...descend(walk),
    giveUpIf(i64.ne(get(size), i64.const(pageBits))),
    giveUpIf(i32.ne(i32.shr_u(get(host), i32.const(pageBits)), i32.load(get(record), derivedField.from))),
    ...follow(walk),
    ...toHost(walk, i32.const(allowedBit(access, false))),
    i64.store(get(entry), derivedLeaf(area, { ...walk, allowed: bits })),
    i32.store(
      get(record),
      i32.add(i32.load(get(record), derivedField.fills), i32.const(1)),
      derivedField.fills,
    ),
    i32.const(1),
  ];
}

/** Bits of a leaf without which an access is a page fault whoever makes it, and those that walks may set instead. */
const required: Record<RefillAccess, { readonly always: bigint; readonly unlessSet: bigint }> = {
  load: { always: 0n, unlessSet: Pte.A },
  store: { always: Pte.W, unlessSet: Pte.A | Pte.D },
  fetch: { always: Pte.X, unlessSet: Pte.A },
};

/**
 * Where a refill gave up: whether it is sure to be a page fault of the state in the bank, whose tables are the hart's own or those they are
 * derived from. `walk.base` is the area of that state.
 */
function faultBody(walk: Walk): Term[] {
  const { access, base, area, fact, pte } = walk;
  const own = i32.eq(get(base), get(area));
  const known = i32.wrap_i64(some(fact, BigInt(ContextFact.known)));
  const { always, unlessSet } = required[access];
  const updates = i32.wrap_i64(some(fact, BigInt(ContextFact.updates)));
  const wanted = choose(updates, i64.const(always), i64.const(always | unlessSet));
  return [
    i64.store(get(area), i64.const(0), hartOffsets.fault),
    set(base, i32.load(get(area), hartOffsets.bank)),
    giveUpUnless(get(base)),
    when(own, lookUpFacts(walk, area, 'contextFacts'), lookUpFacts(walk, area, 'guestFacts')),
    giveUpUnless(known),
    giveUpUnless(i64.ne(some(fact, BigInt(ContextFact.levels)), i64.const(0))),
    ...descend(walk),
    when(i64.ne(i64.and(i64.xor(get(pte), i64.const(-1)), wanted), i64.const(0)), [noteFault(walk)]),
    i32.const(0),
  ];
}

const locals = (
  fn: FunctionBuilder,
): Omit<Walk, 'access' | 'purpose' | 'derive' | 'base' | 'area' | 'va'> => ({
  context: fn.local('i64'),
  facts: fn.local('i32'),
  fact: fn.local('i64'),
  pa: fn.local('i64'),
  pte: fn.local('i64'),
  size: fn.local('i64'),
  host: fn.local('i32'),
  at: fn.local('i32'),
  bits: fn.local('i32'),
  link: fn.local('i32'),
});

/**
 * A module that exports a refill for each access, by its name, and under `examine.` and that name a function of the same type
 * which fills no TLB but the `walked` fields; it imports the memory alone.
 */
export function refillModule(memory: MemoryLimits): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory('trapline', 'memory', memory);
  const define = (access: RefillAccess, name: string, how: Pick<Walk, 'purpose' | 'derive'>) =>
    module.function(name, refillParameters, 'i32', (fn, base, va) =>
      refillBody({ access, base, area: base, va, ...how, ...locals(fn) }),
    );
  for (const access of accesses) {
    const derive = module.function(`derive.${access}`, deriveParameters, 'i32', (fn, area, va, entry) => {
      const [base, record] = [fn.local('i32'), fn.local('i32')];
      return deriveBody({ access, purpose: 'derive', base, area, va, ...locals(fn) }, { entry, record });
    });
    const fault = module.function(`fault.${access}`, refillParameters, 'i32', (fn, area, va) =>
      faultBody({ access, purpose: 'fault', base: fn.local('i32'), area, va, ...locals(fn) }),
    );
    const fill = define(access, `fill.${access}`, { purpose: 'fill', derive });
    const refill = module.function(access, refillParameters, 'i32', (fn, base, va) => {
      const host = fn.local('i32');
      const found = tee(host, call(fill, get(base), get(va)));
      return [choose(found, get(host), call(fault, get(base), get(va)))];
    });
    module.export(access, 'function', refill.index);
    const examine = define(access, `examine.${access}`, { purpose: 'examine' });
    module.export(`examine.${access}`, 'function', examine.index);
  }
  return module.encode();
}
