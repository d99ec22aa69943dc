import type { AccessBytes, RegisterOperand } from '@trapline/isa';
import { watchedLink } from '../code-map.ts';
import { doubleWithin } from '../codegen/float-bits.ts';
import { guardBit, type HartField, hartOffsets, tlbEntries, tlbEntryBytes } from '../hart-layout.ts';
import { f64, i32, i64 } from '../wasm/ops.ts';
import {
  branchIf,
  get,
  type Label,
  type Local,
  type Statement,
  set,
  type Term,
  tee,
  when,
} from '../wasm/term.ts';
import { slotBytes, slotField } from './slot.ts';

/** The TLBs that loads and stores are looked up in. */
export type DataTlb = 'loadTlb' | 'storeTlb';

/** Reads and writes of one hart's area: its base is a constant of the module, so every field has a constant address. */
export interface HartAccess {
  readonly base: number;
}

const nowhere = i32.const(0);

export const load32 = ({ base }: HartAccess, field: HartField): Term<'i32'> =>
  i32.load(nowhere, base + hartOffsets[field]);
export const load64 = ({ base }: HartAccess, field: HartField): Term<'i64'> =>
  i64.load(nowhere, base + hartOffsets[field]);
export const store32 = ({ base }: HartAccess, field: HartField, value: Term<'i32'>): Statement =>
  i32.store(nowhere, value, base + hartOffsets[field]);
export const store64 = ({ base }: HartAccess, field: HartField, value: Term<'i64'>): Statement =>
  i64.store(nowhere, value, base + hartOffsets[field]);

/** The register an operand of the slot names. */
export const readRegister = ({ base }: HartAccess, slot: Local<'i32'>, reg: RegisterOperand): Term<'i64'> =>
  i64.load(i32.load16_u(get(slot), slotField[reg]), base);
export const writeRegister = ({ base }: HartAccess, slot: Local<'i32'>, value: Term<'i64'>): Statement =>
  i64.store(i32.load16_u(get(slot), slotField.rd), value, base);

/** Byte offset of the TLB entry for an address. */
export const tlbIndex = (va: Term<'i64'>): Term<'i32'> =>
  i32.and(
    i32.shr_u(i32.wrap_i64(va), i32.const(12 - Math.log2(tlbEntryBytes))),
    i32.const((tlbEntries - 1) * tlbEntryBytes),
  );

/** The page of the last of `bytes` from `va` on: all of the address that a tag holds, beside its context. */
export const lastPage = (va: Local<'i64'>, bytes: number): Term<'i64'> =>
  i64.and(bytes === 1 ? get(va) : i64.add(get(va), i64.const(bytes - 1)), i64.const(-4096));

/** The locals a translation uses. */
export interface Translation {
  readonly va: Local<'i64'>;
  readonly index: Local<'i32'>;
}

/**
 * Looks `address` up in a data TLB: entry by the first byte, tag by the last, so that an access over a page's end misses. Goes
 * to `miss` without an entry; then `hostOffset` is where the access goes.
 */
export function translate(
  hart: HartAccess,
  { va, index }: Translation,
  address: Term<'i64'>,
  access: { readonly tlb: DataTlb; readonly bytes: AccessBytes; readonly miss: Label },
): Statement[] {
  const table = hart.base + hartOffsets[access.tlb];
  const wanted = i64.or(lastPage(va, access.bytes), load64(hart, 'dataContext'));
  return [
    set(va, address),
    branchIf(access.miss, i64.ne(i64.load(tee(index, tlbIndex(get(va))), table), wanted)),
    set(index, i32.add(i32.load(get(index), table + 8), i32.wrap_i64(get(va)))),
  ];
}

/** Of so many stores beside code the engine is told one. */
const untoldStores = 32;

/** Slots an access of so many bytes may touch: one for an instruction that starts earlier, one for misalignment. */
const slotsAround = (bytes: number): number => Math.ceil(bytes / 2) + 2;

/**
 * Host offset into `index` of a store at `va` to a page with code, if the store TLB has a guarded entry for it (or goes to
 * `missing`) and the slots around are all undecoded (or `otherwise`). A neighbour that is no code's may count as decoded: that
 * is safe. `watched` is done for a page without code of which someone is told, if the store is to be told of.
 */
export function guardedStore(
  hart: HartAccess,
  { va, index }: Translation,
  bytes: AccessBytes,
  {
    missing,
    otherwise,
    watched,
  }: { readonly missing: Label; readonly otherwise: Label; readonly watched: readonly Statement[] },
): Statement[] {
  const table = hart.base + hartOffsets.storeTlb;
  const context = i64.or(load64(hart, 'dataContext'), i64.const(guardBit));
  const inPage = i32.shr_u(i32.and(i32.wrap_i64(get(va)), i32.const(4095)), i32.const(1));
  const link = (): Term<'i32'> => i32.load(get(index), table + 12);
  const toHost = set(index, i32.add(i32.load(get(index), table + 8), i32.wrap_i64(get(va))));
  // What is stored may be of one doubleword alone, an entry that is not valid.
  const apart = i32.and(get(index), i32.const(bytes - 1));
  const valid = i32.and(i32.load8_u(i32.and(get(index), i32.const(-8))), i32.const(1));
  const told = bytes === 1 ? valid : i32.or(apart, valid);
  const firstSlot = i32.add(link(), i32.mul(i32.sub(inPage, i32.const(1)), i32.const(slotBytes)));
  const decoded = Array.from({ length: slotsAround(bytes) }, (_, n) =>
    i32.load16_u(firstSlot, n * slotBytes + slotField.handler),
  ).reduce((a, b) => i32.or(a, b));
  return [
    set(index, tlbIndex(get(va))),
    branchIf(missing, i64.ne(i64.load(get(index), table), i64.or(lastPage(va, bytes), context))),
    branchIf(otherwise, i32.eqz(link())),
    when(
      i32.and(link(), i32.const(watchedLink)),
      [branchIf(otherwise, i32.ne(link(), i32.const(watchedLink))), toHost, when(told, watched)],
      [
        branchIf(otherwise, decoded),
        store32(hart, 'guardedStores', i32.add(load32(hart, 'guardedStores'), i32.const(1))),
        // Told now and then, the engine finds out that the page is data.
        branchIf(otherwise, i32.eqz(i32.rem_u(load32(hart, 'guardedStores'), i32.const(untoldStores)))),
        toHost,
      ],
    ),
  ];
}

/** The checked host offset `translate` found. */
export const hostOffset = ({ index }: Translation): Term<'i32'> => get(index);

const loads: Record<AccessBytes, readonly [unsigned: typeof i64.load, signed: typeof i64.load]> = {
  1: [i64.load8_u, i64.load8_s],
  2: [i64.load16_u, i64.load16_s],
  4: [i64.load32_u, i64.load32_s],
  8: [i64.load, i64.load],
};
const stores: Record<AccessBytes, typeof i64.store> = {
  1: i64.store8,
  2: i64.store16,
  4: i64.store32,
  8: i64.store,
};

/** Loads from a host offset, and `offset` bytes on. */
export const loadHost = (at: Term<'i32'>, bytes: AccessBytes, signed: boolean, offset = 0): Term<'i64'> =>
  loads[bytes][signed ? 1 : 0](at, offset);
/** Stores at a host offset, and `offset` bytes on; what was made of a double goes straight from its float register. */
export function storeHost(at: Term<'i32'>, bytes: AccessBytes, value: Term<'i64'>, offset = 0): Statement {
  const double = bytes === 8 ? doubleWithin(value) : undefined;
  return double ? f64.store(at, double, offset) : stores[bytes](at, value, offset);
}
