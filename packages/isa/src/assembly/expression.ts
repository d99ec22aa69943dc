import { type Located, mistake } from './error.ts';

/** What an expression may ask about its surroundings; a name nobody defined is `undefined`. */
export interface Scope {
  symbol(name: string): bigint | undefined;
  /** `1b`, `1f`. */
  local(number: string, direction: 'b' | 'f'): bigint | undefined;
  /** `.` */
  readonly here: bigint;
  /** What the `%pcrel_hi` of the auipc at `address` was asked for. */
  pcrelTarget(address: bigint): bigint | undefined;
  /** Told of a `%pcrel_hi`. */
  pcrelUsed(target: bigint): void;
  /** False while addresses are still being found: undefined names then count as `here`. */
  readonly final: boolean;
}

const tokenShape =
  /\s*(?:(0[xX][\da-fA-F]+|0[bB][01]+|\d+[bf](?!\w)|\d+)|('(?:\\.|[^'\\])')|(%[a-z_]+)|([A-Za-z_.$][\w.$]*)|(<<|>>|[-+*/%&|^~()]))/y;

type Token = {
  readonly kind: 'number' | 'character' | 'modifier' | 'name' | 'operator';
  readonly text: string;
};
const kinds = ['number', 'character', 'modifier', 'name', 'operator'] as const;

function tokenize(where: Located): { token: Token; at: number }[] {
  const tokens: { token: Token; at: number }[] = [];
  let at = 0;
  while (at < where.text.trimEnd().length) {
    tokenShape.lastIndex = at;
    const match = tokenShape.exec(where.text);
    if (!match) mistake(`cannot read "${where.text.slice(at).trim()}" as an expression`, where, at);
    const group = match.slice(1).findIndex((text) => text !== undefined);
    const text = match[group + 1]!;
    tokens.push({ token: { kind: kinds[group]!, text }, at: tokenShape.lastIndex - text.length });
    at = tokenShape.lastIndex;
  }
  return tokens;
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Binding strength as in the GNU assembler: shifts bind like products, bitwise operators tighter than sums. */
const operators: Readonly<Record<string, { strength: number; apply: (a: bigint, b: bigint) => bigint }>> = {
  '+': { strength: 1, apply: (a, b) => a + b },
  '-': { strength: 1, apply: (a, b) => a - b },
  '|': { strength: 2, apply: (a, b) => a | b },
  '&': { strength: 2, apply: (a, b) => a & b },
  '^': { strength: 2, apply: (a, b) => a ^ b },
  '*': { strength: 3, apply: (a, b) => a * b },
  '/': { strength: 3, apply: (a, b) => (b === 0n ? 0n : a / b) },
  '%': { strength: 3, apply: (a, b) => (b === 0n ? 0n : a % b) },
  '<<': { strength: 3, apply: (a, b) => a << (b & 63n) },
  '>>': { strength: 3, apply: (a, b) => BigInt.asUintN(64, a) >> (b & 63n) },
};

const high20 = (value: bigint): bigint => ((value + 0x800n) >> 12n) & 0xfffffn;
const low12 = (value: bigint): bigint => BigInt.asIntN(12, value);

/** Whether lui or auipc, with the low part added, can make it. */
export const reachable = (value: bigint): boolean =>
  value >= -(2n ** 31n) - 0x800n && value < 2n ** 31n - 0x800n;

const modifiers: Readonly<Record<string, (value: bigint, scope: Scope) => bigint | undefined>> = {
  '%hi': high20,
  '%lo': low12,
  '%pcrel_hi': (value, scope) => {
    scope.pcrelUsed(value);
    return high20(value - scope.here);
  },
  '%pcrel_lo': (address, scope) => {
    const target = scope.pcrelTarget(address);
    return target === undefined ? undefined : low12(target - address);
  },
};

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, b: 8, f: 12, 0: 0 };

/** The code of a character constant's or string's `\x`. */
export const escapeCode = (letter: string): number => escapes[letter] ?? letter.charCodeAt(0);

class Parser {
  private next = 0;
  private readonly tokens: ReturnType<typeof tokenize>;

  constructor(
    private readonly where: Located,
    private readonly scope: Scope,
  ) {
    this.tokens = tokenize(where);
  }

  whole(): bigint {
    const value = this.binary(1);
    const left = this.tokens[this.next];
    if (left) mistake(`"${left.token.text}" is not expected here`, this.where, left.at);
    return wrap(value);
  }

  private binary(strength: number): bigint {
    let value = this.unary();
    for (;;) {
      const symbol = this.tokens[this.next]?.token;
      const operator = symbol?.kind === 'operator' ? operators[symbol.text] : undefined;
      if (!operator || operator.strength < strength) return value;
      this.next++;
      value = wrap(operator.apply(value, this.binary(operator.strength + 1)));
    }
  }

  private unary(): bigint {
    const { token, at } =
      this.tokens[this.next++] ?? mistake('a value is missing', this.where, this.where.text.length);
    switch (token.kind) {
      case 'number':
        return this.number(token.text, at);
      case 'character':
        return BigInt(token.text[1] === '\\' ? escapeCode(token.text[2]!) : token.text.charCodeAt(1));
      case 'name':
        return token.text === '.'
          ? this.scope.here
          : this.defined(this.scope.symbol(token.text), token.text, at);
      case 'modifier':
        return this.modifier(token.text, at);
      case 'operator':
        return this.prefix(token.text, at);
    }
  }

  private number(text: string, at: number): bigint {
    const local = /^(\d+)([bf])$/.exec(text);
    if (local) {
      const direction = local[2] as 'b' | 'f';
      return this.defined(this.scope.local(local[1]!, direction), text, at);
    }
    // A leading zero means octal, as in C.
    return BigInt(text.replace(/^0(?=\d)/, '0o'));
  }

  private prefix(text: string, at: number): bigint {
    if (text === '-') return wrap(-this.unary());
    if (text === '+') return this.unary();
    if (text === '~') return ~this.unary();
    if (text === '(') return this.closed();
    return mistake(`"${text}" is not expected here`, this.where, at);
  }

  private modifier(text: string, at: number): bigint {
    const apply = modifiers[text] ?? mistake(`"${text}" is no relocation`, this.where, at);
    if (this.tokens[this.next++]?.token.text !== '(') mistake(`"${text}" needs (…)`, this.where, at);
    const value = this.closed();
    const distance = text === '%pcrel_hi' ? wrap(value - this.scope.here) : value;
    if (this.scope.final && text.endsWith('hi') && !reachable(distance)) {
      mistake(
        `${text} does not reach 0x${BigInt.asUintN(64, value).toString(16)}; use li or la`,
        this.where,
        at,
      );
    }
    return this.defined(apply(value, this.scope), `${text}(…) without its %pcrel_hi`, at);
  }

  private closed(): bigint {
    const value = this.binary(1);
    if (this.tokens[this.next++]?.token.text !== ')')
      mistake('")" is missing', this.where, this.where.text.length);
    return value;
  }

  private defined(value: bigint | undefined, name: string, at: number): bigint {
    if (value !== undefined) return value;
    if (this.scope.final) mistake(`"${name}" is not defined`, this.where, at);
    return this.scope.here;
  }
}

/** The value of an expression as a signed 64-bit number. */
export function evaluate(where: Located, scope: Scope): bigint {
  return new Parser(where, scope).whole();
}
