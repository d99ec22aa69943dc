import { AssemblyError } from './error.ts';
import { type Found, Pass } from './pass.ts';
import type { Section } from './section.ts';
import { type Statement, statements } from './statements.ts';

export interface AssembleOptions {
  /** Address of the first byte; 0x8000_0000 unless given. */
  readonly base?: bigint | number;
  /** Names the source may use. */
  readonly symbols?: Readonly<Record<string, bigint | number>>;
}

export interface Assembled {
  readonly base: bigint;
  /** The image from `base` on: `.text`, then the other sections in order of appearance. */
  readonly bytes: Uint8Array;
  /** Every label and constant, given ones included, as unsigned 64-bit values. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

/** Sizes settle in a few passes; a source whose `li` depends on its own size may not. */
const passLimit = 20;
const sectionGap = 16n;

const alignUp = (value: bigint, to: bigint): bigint => ((value + to - 1n) / to) * to;

function place(sections: Iterable<Section>, base: bigint): Map<string, bigint> {
  const addresses = new Map<string, bigint>();
  let end = base;
  for (const { name, bytes, alignment } of sections) {
    const gap = BigInt(Math.max(alignment, Number(sectionGap)));
    const start = end === base ? base : alignUp(end, gap);
    addresses.set(name, start);
    end = start + BigInt(bytes.length);
  }
  return addresses;
}

const same = <K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => String(b.get(key)) === String(value));

const settled = (a: Found, b: Found): boolean =>
  same(a.symbols, b.symbols) && same(a.locals, b.locals) && same(a.addresses, b.addresses);

function findAddresses(
  source: readonly Statement[],
  base: bigint,
  predefined: ReadonlyMap<string, bigint>,
): Found {
  let found: Found = { symbols: new Map(), locals: new Map(), pcrelTargets: new Map(), addresses: new Map() };
  for (let i = 0; i < passLimit; i++) {
    const pass = new Pass(found, predefined, base, false);
    pass.run(source);
    const { symbols, locals, pcrelTargets } = pass;
    const next = { symbols, locals, pcrelTargets, addresses: place(pass.sections.values(), base) };
    if (settled(found, next)) return next;
    found = next;
  }
  throw new AssemblyError('sizes and addresses depend on each other and do not settle', 1, 1);
}

function image(sections: Iterable<Section>, base: bigint): Uint8Array {
  const all = [...sections].filter((section) => section.bytes.length > 0);
  const end = all.at(-1)?.here ?? base;
  const bytes = new Uint8Array(Number(end - base));
  for (const section of all) bytes.set(section.bytes, Number(section.address - base));
  return bytes;
}

/**
 * Assembles GNU-style source text: RV64GC and the extensions of the rows, the usual pseudo-instructions and data directives.
 * Emits 4-byte forms unless `c.…` is written or `.option rvc` is on. Throws an AssemblyError with line and column.
 */
export function assemble(source: string, options: AssembleOptions = {}): Assembled {
  const base = BigInt(options.base ?? 0x8000_0000);
  const given = Object.entries(options.symbols ?? {});
  const predefined = new Map(given.map(([name, value]) => [name, BigInt.asIntN(64, BigInt(value))]));
  const parsed = statements(source);
  const found = findAddresses(parsed, base, predefined);
  const pass = new Pass(found, predefined, base, true);
  pass.run(parsed);
  const symbols = new Map([...pass.symbols].map(([name, value]) => [name, BigInt.asUintN(64, value)]));
  return { base, bytes: image(pass.sections.values(), base), symbols };
}
