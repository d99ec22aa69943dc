import { Mstatus } from '@trapline/isa';
import { contextBits, type HartViews, hartOffsets, preparedEntries } from '../hart-layout.ts';
import type { HartAccess } from '../interpreter/hart-access.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { get, type Local, type Statement, set, type Term, when } from '../wasm/term.ts';

/**
 * Contexts of translations that were used before, so that a change of satp, privilege, SUM or MXR needs no TypeScript. An entry is
 * satp (64 bits), rules (32) and both context numbers (32, 0: empty); where it lies depends on satp's page number and the rules.
 */
const entryBytes = 16;
const ways = 16;

/** What of mstatus a translation depends on; MPRV has no rules: nothing is prepared while it is set. */
export const ruleBits = Mstatus.SUM | Mstatus.MXR;
const ruleShift = 16;

/** The rules of the present translation beside satp. */
export const rulesOf = (privilege: number, status: bigint): number => privilege | Number(status & ruleBits);

const indexOf = (satp: bigint, rules: number): number =>
  (Number(satp & 0xffffn) * ways + (rules & 3) + (rules >>> ruleShift)) % preparedEntries;

/** TypeScript's side of the table. */
export class PreparedContexts {
  readonly #satps: BigUint64Array;
  readonly #words: Uint32Array;

  constructor({ prepared }: HartViews) {
    this.#satps = prepared;
    this.#words = new Uint32Array(prepared.buffer, prepared.byteOffset, prepared.length * 2);
  }

  put(satp: bigint, rules: number, contexts: { readonly data: number; readonly fetch: number }): void {
    const at = indexOf(satp, rules);
    this.#satps[2 * at] = satp;
    this.#words[4 * at + 2] = rules;
    this.#words[4 * at + 3] = contexts.data | (contexts.fetch << contextBits);
  }

  clear(): void {
    this.#words.fill(0);
  }
}

/** The rules of a privilege and status, in wasm. */
export const rulesTerm = (privilege: Term<'i32'>, status: Term<'i64'>): Term<'i32'> =>
  i32.or(privilege, i32.wrap_i64(i64.and(status, i64.const(ruleBits))));

/** Puts the contexts prepared for (satp, rules) into `found` as one number, 0 when there are none; uses `index`. */
export function findPrepared(
  { base }: HartAccess,
  { index, found }: { readonly index: Local<'i32'>; readonly found: Local<'i32'> },
  satp: () => Term<'i64'>,
  rules: Local<'i32'>,
): Statement[] {
  const table = base + hartOffsets.prepared;
  const place = i32.add(
    i32.mul(i32.wrap_i64(satp()), i32.const(ways)),
    i32.add(i32.and(get(rules), i32.const(3)), i32.shr_u(get(rules), i32.const(ruleShift))),
  );
  const same = i32.and(
    i64.eq(i64.load(get(index), table), satp()),
    i32.eq(i32.load(get(index), table + 8), get(rules)),
  );
  return [
    set(index, i32.mul(i32.and(place, i32.const(preparedEntries - 1)), i32.const(entryBytes))),
    set(found, i32.const(0)),
    when(same, [set(found, i32.load(get(index), table + 12))]),
  ];
}

/** Makes the contexts `findPrepared` found the hart's. */
export function usePrepared({ base }: HartAccess, found: Local<'i32'>): Statement[] {
  const mask = i32.const(2 ** contextBits - 1);
  const at = i32.const(0);
  return [
    i64.store(at, i64.extend_i32_u(i32.and(get(found), mask)), base + hartOffsets.dataContext),
    i64.store(
      at,
      i64.extend_i32_u(i32.shr_u(get(found), i32.const(contextBits))),
      base + hartOffsets.fetchContext,
    ),
    i32.store(at, i32.const(1), base + hartOffsets.switched),
  ];
}
