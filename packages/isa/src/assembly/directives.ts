import { type Located, mistake } from './error.ts';
import { escapeCode } from './expression.ts';

/** What a directive can do to the assembly. */
export interface Target {
  evaluate(where: Located): bigint;
  define(name: Located, value: bigint, again: boolean): void;
  enterSection(name: string): void;
  put(value: bigint, bytes: number): void;
  fill(count: number, byte?: number): void;
  align(bytes: number): void;
  /** Goes forward to an offset in the section, or an address in it. */
  origin(where: Located): void;
  setCompressed(on: boolean): void;
}

type Directive = (target: Target, operands: readonly Located[], directive: Located) => void;

const largest = 1n << 28n;

/** A count of bytes or an alignment, small enough to be meant. */
function size(target: Target, where: Located): number {
  const value = target.evaluate(where);
  if (value < 0n || value > largest) mistake(`${value} is not a size`, where);
  return Number(value);
}

const data =
  (bytes: 1 | 2 | 4 | 8): Directive =>
  (target, operands) => {
    const bits = BigInt(8 * bytes);
    for (const where of operands) {
      const value = target.evaluate(where);
      const fits = bytes === 8 || (value >= -(1n << (bits - 1n)) && value < 1n << bits);
      if (!fits) mistake(`${value} does not fit ${bytes} bytes`, where);
      target.put(value, bytes);
    }
  };

const escapeShape = /\\(?:x([\da-fA-F]{1,2})|([0-7]{1,3})|(.))/g;

function stringBytes(where: Located): Uint8Array {
  const inner = /^"(.*)"$/s.exec(where.text)?.[1] ?? mistake(`${where.text} is not a string`, where);
  const text = inner.replace(escapeShape, (_, hex: string, octal: string, letter: string) =>
    String.fromCharCode(
      hex ? Number.parseInt(hex, 16) : octal ? Number.parseInt(octal, 8) : escapeCode(letter),
    ),
  );
  // Escapes name bytes; other characters are written as UTF-8.
  return /[^\0-\xff]/.test(text)
    ? new TextEncoder().encode(text)
    : Uint8Array.from(text, (c) => c.charCodeAt(0));
}

const strings =
  (terminated: boolean): Directive =>
  (target, operands) => {
    for (const where of operands) {
      for (const byte of stringBytes(where)) target.put(BigInt(byte), 1);
      if (terminated) target.put(0n, 1);
    }
  };

const align =
  (toBytes: (value: number) => number): Directive =>
  (target, [where], directive) => {
    const amount = toBytes(size(target, where ?? mistake('an alignment is missing', directive)));
    if (!Number.isInteger(Math.log2(amount)) || amount > 65536) {
      mistake('an alignment is a power of two up to 65536', where!);
    }
    target.align(amount);
  };

const space: Directive = (target, [count, byte], directive) => {
  const bytes = size(target, count ?? mistake('a size is missing', directive));
  target.fill(bytes, byte ? Number(target.evaluate(byte) & 0xffn) : 0);
};

const fill: Directive = (target, [count, bytes, value], directive) => {
  const repeat = size(target, count ?? mistake('a count is missing', directive));
  const width = bytes ? size(target, bytes) : 1;
  for (let i = 0; i < repeat; i++) target.put(value ? target.evaluate(value) : 0n, width);
};

const assign: Directive = (target, [name, value], directive) => {
  if (!name || !value) mistake('write: .equ name, value', directive);
  target.define(name, target.evaluate(value), true);
};

const option: Directive = (target, [word], directive) => {
  if (word?.text === 'rvc') target.setCompressed(true);
  else if (word?.text === 'norvc') target.setCompressed(false);
  else if (!['push', 'pop', 'pic', 'nopic', 'relax', 'norelax'].includes(word?.text ?? '')) {
    mistake('options are rvc and norvc', word ?? directive);
  }
};

const section =
  (name?: string): Directive =>
  (target, [where], directive) =>
    target.enterSection(name ?? where?.text ?? mistake('a section name is missing', directive));

/** Directives that only matter to a linker or debugger. */
const ignored: Directive = () => {};

const named = (names: string, directive: Directive): Record<string, Directive> =>
  Object.fromEntries(names.split(' ').map((name) => [name, directive]));

const directives: Readonly<Record<string, Directive>> = {
  ...named('.byte', data(1)),
  ...named('.half .short .2byte .hword', data(2)),
  ...named('.word .long .4byte .int', data(4)),
  ...named('.dword .quad .8byte', data(8)),
  ...named('.ascii', strings(false)),
  ...named('.asciz .string', strings(true)),
  ...named('.zero .space .skip', space),
  ...named('.fill', fill),
  ...named(
    '.align .p2align',
    align((power) => 2 ** power),
  ),
  ...named(
    '.balign',
    align((bytes) => bytes),
  ),
  ...named('.org', (target, [where], directive) =>
    target.origin(where ?? mistake('an address is missing', directive)),
  ),
  ...named('.equ .set', assign),
  // No instruction: the compressed word that is illegal by definition.
  ...named('c.unimp', (target) => target.put(0n, 2)),
  ...named('.option', option),
  ...named('.section', section()),
  ...named('.text', section('.text')),
  ...named('.data', section('.data')),
  ...named('.rodata', section('.rodata')),
  ...named('.bss', section('.bss')),
  ...named('.global .globl .local .weak .type .size .file .ident .attribute', ignored),
};

/** Carries out a directive; false when there is none of that name. */
export function direct(target: Target, directive: Located, operands: readonly Located[]): boolean {
  if (!Object.hasOwn(directives, directive.text)) return false;
  directives[directive.text]!(target, operands, directive);
  return true;
}
