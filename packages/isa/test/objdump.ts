import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tools = 'riscv64-linux-gnu-';

/** What the rows know and every binutils since 2.40 does. */
const arch = 'rv64gc_zicbom_zicboz_zihintpause_zawrs_zba_zbb_zbs_svinval';

export interface ObjdumpLine {
  readonly address: bigint;
  readonly bytes: 2 | 4;
  readonly word: number;
  /** Mnemonic and operands with one space between, without comments. */
  readonly text: string;
}

const line = /^\s*([0-9a-f]+):\t([0-9a-f]{4}(?:[0-9a-f]{4})?)\s+(\S.*)$/;

function parse(listing: string): ObjdumpLine[] {
  const lines: ObjdumpLine[] = [];
  for (const text of listing.split('\n')) {
    const [, address, word, rest] = line.exec(text) ?? [];
    if (!address || !word || !rest) continue;
    lines.push({
      address: BigInt(`0x${address}`),
      bytes: word.length === 4 ? 2 : 4,
      word: Number.parseInt(word, 16),
      // Newer binutils write unknown words with .insn.
      text: rest
        .replace(/\s+#.*$/, '')
        .replace(/\t/, ' ')
        .replace(/^\.insn ([24]), /, '.$1byte ')
        .trimEnd(),
    });
  }
  return lines;
}

function listing(file: string, aliases: boolean, extra: readonly string[] = []): ObjdumpLine[] {
  const options = ['-d', '-z', ...(aliases ? [] : ['-M', 'no-aliases']), ...extra, file];
  return parse(execFileSync(`${tools}objdump`, options, { encoding: 'utf8', maxBuffer: 2 ** 30 }));
}

/** How GNU objdump reads raw instruction bytes at address 0, with the extensions of `arch` on. */
export function objdumpBytes(bytes: Uint8Array, aliases: boolean): ObjdumpLine[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-objdump-'));
  try {
    const path = (name: string): string => join(folder, name);
    writeFileSync(path('a.s'), `.attribute arch, "${arch}"\n.text\n.space 4\n`);
    writeFileSync(path('words'), bytes);
    execFileSync(`${tools}as`, [path('a.s'), '-o', path('a.o')]);
    // Without symbols targets are plain numbers, and no mapping symbol calls the words data.
    execFileSync(`${tools}objcopy`, ['--update-section', `.text=${path('words')}`, '-S', path('a.o')]);
    return listing(path('a.o'), aliases);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
