import { type AccessType, M, type PagedTranslation, Pte, type Translation, U } from '@trapline/isa';
import { i32 } from '../wasm/ops.ts';
import { get, type Local, type Term } from '../wasm/term.ts';

/**
 * What a refill knows of a context, by its number: two words.
 *
 *   63            12 11     5      4    3      2      0
 *   root (physical)     updates known  M-mode  levels      levels 0: addresses are physical; updates: walks set A and D
 *
 * and 16 bits for each access: which PTE bits a leaf is tested for, and above them what they must be.
 */
export const contextFactsWords = 2;
export const ContextFact = { levels: 7, machine: 8, known: 16, updates: 32, root: ~0xfffn } as const;
/** Bits of the second word that each access has. */
export const leafTestBits = 16;
export const accesses = ['load', 'store', 'fetch'] as const satisfies readonly AccessType[];

const permission: Readonly<Record<AccessType, bigint>> = { load: Pte.R, store: Pte.W | Pte.D, fetch: Pte.X };

/** A leaf that passes needs no A or D to be set; `permits` of isa's walk, as bits. W without R is tested apart. */
function leafTest(t: PagedTranslation, access: AccessType): bigint {
  const wanted = access === 'load' && t.mxr ? 0n : permission[access];
  const must = Pte.V | Pte.A | wanted;
  if (t.privilege === U) return (must | Pte.U) * 0x101n;
  const either = t.sum && access !== 'fetch';
  return must | (must << 8n) | (either ? 0n : Pte.U);
}

/** The facts of a translation. */
export function contextFacts(t: Translation): readonly [bigint, bigint] {
  if (t.mode === 'bare')
    return [BigInt(ContextFact.known | (t.privilege === M ? ContextFact.machine : 0)), 0n];
  const tests = accesses.map((access, n) => leafTest(t, access) << BigInt(n * leafTestBits));
  const flags = ContextFact.known | (t.setsAccessed ? ContextFact.updates : 0);
  return [t.root | BigInt(flags | t.levels), tests.reduce((all, test) => all | test)];
}

/** Whether a leaf passes the test of an access; `facts` is where a context's facts are. */
export function passesTest(facts: Local<'i32'>, pte: Local<'i64'>, access: AccessType): Term<'i32'> {
  const test = 8 + (leafTestBits / 8) * accesses.indexOf(access);
  const tested = i32.and(i32.wrap_i64(get(pte)), i32.load8_u(get(facts), test));
  return i32.eq(tested, i32.load8_u(get(facts), test + 1));
}
