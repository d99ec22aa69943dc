import type { ElfSymbol } from './elf.ts';

/** Names for addresses: what a trace or a listing prints. */
export interface SymbolTable {
  /** `name` or `name+0x12`; undefined when no symbol covers or precedes the address closely. */
  nameOf(address: bigint): string | undefined;
  /** The address of the symbol of this exact name. */
  addressOf(name: string): bigint | undefined;
  /** The symbols exactly at an address. */
  at(address: bigint): readonly string[];
}

/** A label without a size names at most this much after it. */
const UNSIZED_REACH = 0x1_0000n;

/** Indexes symbols by address and name. */
export function symbolTable(symbols: readonly ElfSymbol[]): SymbolTable {
  const sorted = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  const byName = new Map(sorted.map((symbol) => [symbol.name, symbol.address]));
  const byAddress = new Map<bigint, string[]>();
  for (const { address, name } of sorted) {
    const names = byAddress.get(address);
    if (names) names.push(name);
    else byAddress.set(address, [name]);
  }
  return {
    nameOf(address) {
      const symbol = lastAtOrBefore(sorted, address);
      if (symbol === undefined) return undefined;
      const offset = address - symbol.address;
      if (offset >= (symbol.bytes || UNSIZED_REACH)) return undefined;
      return offset === 0n ? symbol.name : `${symbol.name}+0x${offset.toString(16)}`;
    },
    addressOf: (name) => byName.get(name),
    at: (address) => byAddress.get(address) ?? [],
  };
}

function lastAtOrBefore(sorted: readonly ElfSymbol[], address: bigint): ElfSymbol | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.address <= address) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
