import { type AccessType, Pte } from '@trapline/isa';
import { type HartViews, hartOffsets } from '../hart-layout.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { get, type Local, type Statement, set, type Term, tee, when } from '../wasm/term.ts';
import { accesses, passesTest } from './context-facts.ts';
import { allowedBit } from './spans.ts';

/**
 * Tables that a monitor derives from a guest's: the hart walks them, and the leaves a guest has are filled in when they are needed. Where such a
 * table is known to shadow one table of the guest, entry for entry, a plain leaf is filled without the monitor. The table of the guest is
 * recorded for the page the derived one is in; the monitor sees to it that a derived table which shadows another one, or none, is
 * reached by no walk.
 *
 * A record is two u32: the host page of the guest's table (0: it is not known to shadow any), and how many leaves were filled.
 */
export const derivedRecordBytes = 8;
export const derivedField = { from: 0, fills: 4 } as const;

/** Where derived tables are. */
export interface DerivedTables {
  /** The pages they are made of: a byte offset in core memory, and bytes. */
  readonly offset: number;
  readonly bytes: number;
  /** Byte offset of their records, `derivedRecordBytes` for each page. */
  readonly records: number;
  /** The address of the core's first byte in entries. */
  readonly bias: number;
}

export function describeDerived(views: HartViews, { offset, bytes, records, bias }: DerivedTables): void {
  views.derivedPages.set([offset / 4096, bytes / 4096]);
  views.derivedRecords[0] = records;
  views.derivedBias[0] = BigInt(bias);
}

/** Puts the record of the page that host offset `entry` is in into `record`, if it has one; else 0. */
export function findRecord(area: Local<'i32'>, entry: Local<'i32'>, record: Local<'i32'>): Statement[] {
  const page = i32.sub(i32.shr_u(get(entry), i32.const(12)), i32.load(get(area), hartOffsets.derivedPages));
  const known = i32.lt_u(tee(record, page), i32.load(get(area), hartOffsets.derivedPages + 4));
  const at = i32.add(
    i32.load(get(area), hartOffsets.derivedRecords),
    i32.mul(get(record), i32.const(derivedRecordBytes)),
  );
  return [when(known, [set(record, at)], [set(record, i32.const(0))])];
}

/** Places of R, W and X in an entry. */
const permissionShift: Readonly<Record<AccessType, number>> = { load: 1, store: 2, fetch: 3 };

/** What the guest may do with a page in place: the leaf for a host offset, of its own `pte`, its `facts` and what PMP allows. */
export function derivedLeaf(
  area: Local<'i32'>,
  {
    pte,
    facts,
    host,
    allowed,
  }: Readonly<{
    pte: Local<'i64'>;
    facts: Local<'i32'>;
    host: Local<'i32'>;
    allowed: Local<'i32'>;
  }>,
): Term<'i64'> {
  const may = (access: AccessType): Term<'i32'> => {
    const granted = i32.and(get(allowed), i32.const(allowedBit(access, false)));
    return i32.and(passesTest(facts, pte, access), i32.ne(granted, i32.const(0)));
  };
  // Each access has its bit. A leaf that is writable and not readable never comes here.
  const permissions = accesses.reduce<Term<'i32'>>(
    (bits, access) => i32.or(bits, i32.shl(may(access), i32.const(permissionShift[access]))),
    i32.const(0),
  );
  const address = i64.add(
    i64.load(get(area), hartOffsets.derivedBias),
    i64.extend_i32_u(i32.and(get(host), i32.const(-4096))),
  );
  const constant = i64.const(Pte.V | Pte.U | Pte.A | Pte.D);
  return i64.or(i64.shr_u(address, i64.const(2)), i64.or(i64.extend_i32_u(permissions), constant));
}
