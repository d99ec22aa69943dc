import { registerNumber } from '../instructions/registers.ts';
import { rowNamed } from '../instructions/table.ts';
import type { Operands } from '../instructions/template.ts';
import { type Located, mistake } from './error.ts';
import { evaluate, reachable, type Scope } from './expression.ts';
import type { Selected } from './select.ts';

/** Pseudo-instructions that become several instructions, or choose among some by a value. */
type Expand = (mnemonic: Located, operands: readonly Located[], scope: Scope) => readonly Selected[];

const real = (name: string, operands: Operands): Selected => ({ row: rowNamed(name)!, operands });

function register(where: Located, file: 'x' | 'f' = 'x'): number {
  const number = registerNumber(where.text, file);
  return number ?? mistake(`"${where.text}" is not a register`, where);
}

/** Instructions that put a 64-bit constant in a register: 32-bit pieces at once, larger ones from the top down. */
export function loadConstant(rd: number, value: bigint): readonly Selected[] {
  const low = Number(BigInt.asIntN(12, value));
  if (BigInt.asIntN(12, value) === value) return [real('addi', { rd, imm: low })];
  if (BigInt.asIntN(32, value) === value) {
    const upper = Number(BigInt.asIntN(32, value - BigInt(low)));
    const lui = real('lui', { rd, imm: upper });
    return low === 0 ? [lui] : [lui, real('addiw', { rd, rs1: rd, imm: low })];
  }
  let rest = BigInt.asIntN(64, value - BigInt(low)) >> 12n;
  let shift = 12;
  while ((rest & 1n) === 0n) {
    rest >>= 1n;
    shift++;
  }
  const top = [...loadConstant(rd, rest), real('slli', { rd, rs1: rd, imm: shift })];
  return low === 0 ? top : [...top, real('addi', { rd, rs1: rd, imm: low })];
}

/** An auipc and the instruction that adds the low part of the distance to `target`. */
function pcRelative(
  rd: number,
  target: Located,
  scope: Scope,
  then: (low: number) => Selected,
): readonly Selected[] {
  const distance = BigInt.asIntN(64, evaluate(target, scope) - scope.here);
  if (scope.final && !reachable(distance)) {
    mistake(`"${target.text}" is more than 2 GiB away; load its address with li`, target);
  }
  const low = Number(BigInt.asIntN(12, distance));
  const imm = Number(BigInt.asIntN(32, distance - BigInt(low)));
  return [real('auipc', { rd, imm }), then(low)];
}

const loadAddress: Expand = (_, [rd, target], scope) => {
  const number = register(rd!);
  return pcRelative(number, target!, scope, (imm) => real('addi', { rd: number, rs1: number, imm }));
};

const link =
  (scratch: number, rd: number): Expand =>
  (_, [target], scope) =>
    pcRelative(scratch, target!, scope, (imm) => real('jalr', { rd, rs1: scratch, imm }));

const jumpThrough: Expand = (_, [target, scratch], scope) => {
  const rs1 = register(scratch!);
  return pcRelative(rs1, target!, scope, (imm) => real('jalr', { rd: 0, rs1, imm }));
};

const loadSymbol: Expand = (mnemonic, [rd, target], scope) => {
  const number = register(rd!);
  return pcRelative(number, target!, scope, (imm) => real(mnemonic.text, { rd: number, rs1: number, imm }));
};

const loadFloatSymbol: Expand = (mnemonic, [fd, target, scratch], scope) => {
  const rs1 = register(scratch!);
  const rd = register(fd!, 'f');
  return pcRelative(rs1, target!, scope, (imm) => real(mnemonic.text, { rd, rs1, imm }));
};

const storeSymbol =
  (file: 'x' | 'f'): Expand =>
  (mnemonic, [source, target, scratch], scope) => {
    const rs1 = register(scratch!);
    const rs2 = register(source!, file);
    return pcRelative(rs1, target!, scope, (imm) => real(mnemonic.text, { rs1, rs2, imm }));
  };

interface Pseudo {
  readonly operands: number;
  readonly expand: Expand;
}

const each = (names: string, pseudo: Pseudo): Record<string, Pseudo> =>
  Object.fromEntries(names.split(' ').map((name) => [name, pseudo]));

const pseudos: Readonly<Record<string, Pseudo>> = {
  li: {
    operands: 2,
    expand: (_, [rd, value], scope) => loadConstant(register(rd!), evaluate(value!, scope)),
  },
  ...each('la lla', { operands: 2, expand: loadAddress }),
  call: { operands: 1, expand: link(1, 1) },
  tail: { operands: 1, expand: link(6, 0) },
  jump: { operands: 2, expand: jumpThrough },
  ...each('lb lh lw ld lbu lhu lwu', { operands: 2, expand: loadSymbol }),
  ...each('flw fld', { operands: 3, expand: loadFloatSymbol }),
  ...each('sb sh sw sd', { operands: 3, expand: storeSymbol('x') }),
  ...each('fsw fsd', { operands: 3, expand: storeSymbol('f') }),
};

/** A trailing `(register)` makes a load an ordinary one. */
const addressed = /\(\s*\w+\s*\)$/;
const isAddressed = ({ text }: Located): boolean => {
  const inner = addressed.exec(text)?.[0].replace(/[()\s]/g, '');
  return inner !== undefined && registerNumber(inner, 'x') !== undefined;
};

/** The instructions a pseudo-instruction stands for, or undefined when the statement is a single instruction. */
export function expandPseudo(
  mnemonic: Located,
  operands: readonly Located[],
  scope: Scope,
): readonly Selected[] | undefined {
  const pseudo = Object.hasOwn(pseudos, mnemonic.text) ? pseudos[mnemonic.text]! : undefined;
  if (!pseudo || (rowNamed(mnemonic.text) && operands.some(isAddressed))) return undefined;
  if (operands.length === pseudo.operands) return pseudo.expand(mnemonic, operands, scope);
  return rowNamed(mnemonic.text)
    ? undefined
    : mistake(`${mnemonic.text} takes ${pseudo.operands} operands`, mnemonic);
}
