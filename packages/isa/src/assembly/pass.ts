import { encodeRow } from '../encode.ts';
import { registerNumber } from '../instructions/registers.ts';
import { compress } from './compress.ts';
import { direct, type Target } from './directives.ts';
import { type Located, mistake } from './error.ts';
import { evaluate, type Scope } from './expression.ts';
import { expandPseudo } from './pseudo.ts';
import { Section } from './section.ts';
import { type Selected, select } from './select.ts';
import type { Statement } from './statements.ts';

/** What one pass over the source found out, for the next pass to start from. */
export interface Found {
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Addresses of each numeric label's definitions, in order. */
  readonly locals: ReadonlyMap<string, readonly bigint[]>;
  readonly pcrelTargets: ReadonlyMap<bigint, bigint>;
  /** Start address of each section, in order of first appearance. */
  readonly addresses: ReadonlyMap<string, bigint>;
}

const isLocal = (label: string): boolean => /^\d+$/.test(label);
const nop = 0x13n;
const compressedNop = 0x0001n;

/** One pass: emits every statement at the addresses the pass before found, and finds them anew. */
export class Pass implements Target {
  readonly sections = new Map<string, Section>();
  readonly symbols: Map<string, bigint>;
  readonly locals = new Map<string, bigint[]>();
  readonly pcrelTargets = new Map<bigint, bigint>();
  private readonly labels = new Set<string>();
  private section: Section;
  private compressed = false;

  constructor(
    private readonly before: Found,
    predefined: ReadonlyMap<string, bigint>,
    private readonly base: bigint,
    private readonly final: boolean,
  ) {
    this.symbols = new Map(predefined);
    this.section = this.sectionNamed('.text');
  }

  run(statements: readonly Statement[]): void {
    for (const { labels, mnemonic, operands } of statements) {
      for (const label of labels) this.label(label);
      if (!mnemonic || direct(this, mnemonic, operands)) continue;
      if (mnemonic.text.startsWith('.')) mistake(`no directive is called "${mnemonic.text}"`, mnemonic);
      this.instruction({ ...mnemonic, text: mnemonic.text.toLowerCase() }, operands);
    }
  }

  evaluate(where: Located): bigint {
    return evaluate(where, this.scope());
  }

  define(name: Located, value: bigint, again: boolean): void {
    if (!/^[A-Za-z_.$][\w.$]*$/.test(name.text) || registerNumber(name.text, 'x') !== undefined) {
      mistake(`"${name.text}" cannot be a symbol`, name);
    }
    if (this.labels.has(name.text)) mistake(`"${name.text}" is already defined`, name);
    if (!again) this.labels.add(name.text);
    this.symbols.set(name.text, value);
  }

  enterSection(name: string): void {
    this.section = this.sectionNamed(name);
  }

  put(value: bigint, bytes: number): void {
    this.section.put(value, bytes);
  }

  fill(count: number, byte?: number): void {
    this.section.fill(count, byte);
  }

  /** Code is padded with instructions that do nothing. */
  align(bytes: number): void {
    const { section } = this;
    section.alignment = Math.max(section.alignment, bytes);
    const rest = (): number => (bytes - (section.bytes.length % bytes)) % bytes;
    if (section.name === '.text') {
      if (rest() % 2 !== 0) section.fill(1);
      if (rest() % 4 !== 0) section.put(compressedNop, 2);
      while (rest() > 0) section.put(nop, 4);
    }
    section.fill(rest());
  }

  origin(where: Located): void {
    const value = BigInt.asUintN(64, this.evaluate(where));
    const { address, bytes } = this.section;
    const offset = value >= address ? value - address : value;
    const distance = Number(offset) - bytes.length;
    if (distance < 0 && this.final) mistake('.org cannot go backwards', where);
    if (distance > 2 ** 28) mistake('.org goes too far', where);
    this.section.fill(Math.max(0, distance));
  }

  setCompressed(on: boolean): void {
    this.compressed = on;
  }

  private sectionNamed(name: string): Section {
    const known = this.sections.get(name);
    if (known) return known;
    const section = new Section(name, this.before.addresses.get(name) ?? this.base);
    this.sections.set(name, section);
    return section;
  }

  private label(label: Located): void {
    const { here } = this;
    if (!isLocal(label.text)) {
      this.define(label, here, false);
      return;
    }
    const addresses = this.locals.get(label.text);
    if (addresses) addresses.push(here);
    else this.locals.set(label.text, [here]);
  }

  /** Values are signed 64-bit numbers while assembling, addresses too. */
  private get here(): bigint {
    return BigInt.asIntN(64, this.section.here);
  }

  private scope(): Scope {
    const { here } = this;
    return {
      here,
      final: this.final,
      symbol: (name) => this.symbols.get(name) ?? this.before.symbols.get(name),
      local: (number, direction) => {
        const passed = this.locals.get(number)?.length ?? 0;
        return direction === 'b'
          ? this.locals.get(number)?.[passed - 1]
          : this.before.locals.get(number)?.[passed];
      },
      pcrelTarget: (address) => this.pcrelTargets.get(address) ?? this.before.pcrelTargets.get(address),
      pcrelUsed: (target) => this.pcrelTargets.set(here, target),
    };
  }

  private instruction(mnemonic: Located, operands: readonly Located[]): void {
    const scope = this.scope();
    const selected = expandPseudo(mnemonic, operands, scope) ?? [select(mnemonic, operands, scope)];
    for (const each of selected) this.emit(each, mnemonic);
  }

  private emit({ row, operands }: Selected, mnemonic: Located): void {
    const word = this.encode({ row, operands }, mnemonic);
    const short = this.compressed && row.length === 4 ? compress(word) : undefined;
    this.put(BigInt(short ?? word), short === undefined ? row.length : 2);
  }

  /** Before the last pass a value may still be wrong; only the size counts then. */
  private encode({ row, operands }: Selected, mnemonic: Located): number {
    try {
      return encodeRow(row, operands);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.final ? mistake(error.message, mnemonic) : row.match;
    }
  }
}
