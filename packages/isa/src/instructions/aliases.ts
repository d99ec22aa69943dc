import type { Row } from './row.ts';
import { baseRowNamed } from './table.ts';
import { type Binding, parseTemplate } from './template.ts';

/** Another writing of a base instruction: `mv rd, rs1` for `addi rd, rs1, 0`. */
export interface Alias {
  readonly name: string;
  readonly syntax: string;
  readonly base: Row;
  readonly bindings: readonly Binding[];
  /** Whether the disassembler writes it too. */
  readonly printed: boolean;
}

type Line = readonly [name: string, syntax: string, template: string];

const floatAliases = (format: string): readonly Line[] => [
  [`fmv.${format}`, 'fd, fs1', `fsgnj.${format} fd, fs1, fs1`],
  [`fneg.${format}`, 'fd, fs1', `fsgnjn.${format} fd, fs1, fs1`],
  [`fabs.${format}`, 'fd, fs1', `fsgnjx.${format} fd, fs1, fs1`],
];

/** Written and printed; where several fit a word, the first one is printed. */
const printed: readonly Line[] = [
  ['nop', '', 'addi zero, zero, 0'],
  ['li', 'rd, imm', 'addi rd, zero, imm'],
  ['mv', 'rd, rs1', 'addi rd, rs1, 0'],
  ['not', 'rd, rs1', 'xori rd, rs1, -1'],
  ['neg', 'rd, rs2', 'sub rd, zero, rs2'],
  ['negw', 'rd, rs2', 'subw rd, zero, rs2'],
  ['sext.w', 'rd, rs1', 'addiw rd, rs1, 0'],
  ['zext.b', 'rd, rs1', 'andi rd, rs1, 255'],
  ['zext.w', 'rd, rs1', 'add.uw rd, rs1, zero'],
  ['seqz', 'rd, rs1', 'sltiu rd, rs1, 1'],
  ['snez', 'rd, rs2', 'sltu rd, zero, rs2'],
  ['sltz', 'rd, rs1', 'slt rd, rs1, zero'],
  ['sgtz', 'rd, rs2', 'slt rd, zero, rs2'],

  ['beqz', 'rs1, offset', 'beq rs1, zero, offset'],
  ['bnez', 'rs1, offset', 'bne rs1, zero, offset'],
  ['bltz', 'rs1, offset', 'blt rs1, zero, offset'],
  ['bgez', 'rs1, offset', 'bge rs1, zero, offset'],
  ['bgtz', 'rs2, offset', 'blt zero, rs2, offset'],
  ['blez', 'rs2, offset', 'bge zero, rs2, offset'],
  ['j', 'offset', 'jal zero, offset'],
  ['jal', 'offset', 'jal ra, offset'],
  ['ret', '', 'jalr zero, 0(ra)'],
  ['jr', 'rs1', 'jalr zero, 0(rs1)'],
  ['jr', 'imm(rs1)', 'jalr zero, imm(rs1)'],
  ['jalr', 'rs1', 'jalr ra, 0(rs1)'],
  ['jalr', 'imm(rs1)', 'jalr ra, imm(rs1)'],
  ['jalr', 'rd, rs1', 'jalr rd, 0(rs1)'],

  ['fence', '', 'fence iorw, iorw'],
  ['sfence.vma', '', 'sfence.vma zero, zero'],
  ['sfence.vma', 'rs1', 'sfence.vma rs1, zero'],

  ['unimp', '', 'csrrw zero, cycle, zero'],
  ['rdcycle', 'rd', 'csrrs rd, cycle, zero'],
  ['rdtime', 'rd', 'csrrs rd, time, zero'],
  ['rdinstret', 'rd', 'csrrs rd, instret, zero'],
  ['frcsr', 'rd', 'csrrs rd, fcsr, zero'],
  ['frrm', 'rd', 'csrrs rd, frm, zero'],
  ['frflags', 'rd', 'csrrs rd, fflags, zero'],
  ['fscsr', 'rs1', 'csrrw zero, fcsr, rs1'],
  ['fscsr', 'rd, rs1', 'csrrw rd, fcsr, rs1'],
  ['fsrm', 'rs1', 'csrrw zero, frm, rs1'],
  ['fsrm', 'rd, rs1', 'csrrw rd, frm, rs1'],
  ['fsflags', 'rs1', 'csrrw zero, fflags, rs1'],
  ['fsflags', 'rd, rs1', 'csrrw rd, fflags, rs1'],
  ['fsrmi', 'uimm', 'csrrwi zero, frm, uimm'],
  ['fsrmi', 'rd, uimm', 'csrrwi rd, frm, uimm'],
  ['fsflagsi', 'uimm', 'csrrwi zero, fflags, uimm'],
  ['fsflagsi', 'rd, uimm', 'csrrwi rd, fflags, uimm'],
  ['csrr', 'rd, csr', 'csrrs rd, csr, zero'],
  ['csrw', 'csr, rs1', 'csrrw zero, csr, rs1'],
  ['csrs', 'csr, rs1', 'csrrs zero, csr, rs1'],
  ['csrc', 'csr, rs1', 'csrrc zero, csr, rs1'],
  ['csrwi', 'csr, uimm', 'csrrwi zero, csr, uimm'],
  ['csrsi', 'csr, uimm', 'csrrsi zero, csr, uimm'],
  ['csrci', 'csr, uimm', 'csrrci zero, csr, uimm'],

  ...floatAliases('s'),
  ...floatAliases('d'),
];

/** Operations whose last operand may be a constant: `add a0, a0, 4`. */
const immediateForms: readonly Line[] = [
  ...['add', 'slt', 'and', 'or', 'xor', 'addw'].map(
    (name): Line => [name, 'rd, rs1, imm', `${name.replace(/w?$/, 'i$&')} rd, rs1, imm`],
  ),
  ['sltu', 'rd, rs1, imm', 'sltiu rd, rs1, imm'],
  ...['sll', 'srl', 'sra', 'sllw', 'srlw', 'sraw', 'ror', 'rorw', 'bclr', 'bset', 'binv', 'bext'].map(
    (name): Line => [name, 'rd, rs1, shamt', `${name.replace(/w?$/, 'i$&')} rd, rs1, shamt`],
  ),
  ['csrw', 'csr, uimm', 'csrrwi zero, csr, uimm'],
  ['csrs', 'csr, uimm', 'csrrsi zero, csr, uimm'],
  ['csrc', 'csr, uimm', 'csrrci zero, csr, uimm'],
  ['csrrw', 'rd, csr, uimm', 'csrrwi rd, csr, uimm'],
  ['csrrs', 'rd, csr, uimm', 'csrrsi rd, csr, uimm'],
  ['csrrc', 'rd, csr, uimm', 'csrrci rd, csr, uimm'],
];

/** Written only. */
const writtenOnly: readonly Line[] = [
  ...immediateForms,
  ['move', 'rd, rs1', 'addi rd, rs1, 0'],
  ['bgt', 'rs1, rs2, offset', 'blt rs2, rs1, offset'],
  ['ble', 'rs1, rs2, offset', 'bge rs2, rs1, offset'],
  ['bgtu', 'rs1, rs2, offset', 'bltu rs2, rs1, offset'],
  ['bleu', 'rs1, rs2, offset', 'bgeu rs2, rs1, offset'],
  ['sgt', 'rd, rs1, rs2', 'slt rd, rs2, rs1'],
  ['sgtu', 'rd, rs1, rs2', 'sltu rd, rs2, rs1'],
  ['jalr', 'rd, rs1, imm', 'jalr rd, imm(rs1)'],
  ['fmv.x.s', 'rd, fs1', 'fmv.x.w rd, fs1'],
  ['fmv.s.x', 'fd, rs1', 'fmv.w.x fd, rs1'],
  ['scall', '', 'ecall'],
  ['sbreak', '', 'ebreak'],
  ...['s', 'd'].flatMap((format): Line[] => [
    [`fgt.${format}`, 'rd, fs1, fs2', `flt.${format} rd, fs2, fs1`],
    [`fge.${format}`, 'rd, fs1, fs2', `fle.${format} rd, fs2, fs1`],
  ]),
];

const toAlias =
  (isPrinted: boolean) =>
  ([name, syntax, template]: Line): Alias => ({
    name,
    syntax,
    ...parseTemplate(template, syntax, baseRowNamed),
    printed: isPrinted,
  });

/** Every alias, in the order the disassembler tries them. */
export const aliases: readonly Alias[] = [...printed.map(toAlias(true)), ...writtenOnly.map(toAlias(false))];

const printedByBase = new Map<string, Alias[]>();
for (const alias of aliases) {
  if (!alias.printed) continue;
  const list = printedByBase.get(alias.base.name);
  if (list) list.push(alias);
  else printedByBase.set(alias.base.name, [alias]);
}

/** Aliases the disassembler considers for a base instruction. */
export const aliasesOf = (base: string): readonly Alias[] => printedByBase.get(base) ?? [];
