import type { Row } from './row.ts';
import { rowNamed } from './table.ts';
import { type Binding, parseTemplate } from './template.ts';

/** Another writing of an instruction: `mv rd, rs1` for `addi rd, rs1, 0`. */
export interface Alias {
  readonly name: string;
  readonly syntax: string;
  readonly base: Row;
  readonly bindings: readonly Binding[];
  /** Whether the assembler accepts it, and whether the disassembler writes it. */
  readonly written: boolean;
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
  ['bgtz', 'rs2, offset', 'blt zero, rs2, offset'],
  ['blez', 'rs2, offset', 'bge zero, rs2, offset'],
  ['bgez', 'rs1, offset', 'bge rs1, zero, offset'],
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
  ['fsrmi', 'rd, uimm', 'csrrwi rd, frm, uimm'],
  ['fsrmi', 'uimm', 'csrrwi zero, frm, uimm'],
  ['fsflagsi', 'rd, uimm', 'csrrwi rd, fflags, uimm'],
  ['fsflagsi', 'uimm', 'csrrwi zero, fflags, uimm'],
  ['csrr', 'rd, csr', 'csrrs rd, csr, zero'],
  ['csrw', 'csr, rs1', 'csrrw zero, csr, rs1'],
  ['csrs', 'csr, rs1', 'csrrs zero, csr, rs1'],
  ['csrc', 'csr, rs1', 'csrrc zero, csr, rs1'],

  ...floatAliases('s'),
  ...floatAliases('d'),
];

const immediateForm =
  (operand: 'imm' | 'shamt') =>
  (name: string): Line => [name, `rd, rs1, ${operand}`, `${name.replace(/w?$/, 'i$&')} rd, rs1, ${operand}`];

/** Operations whose last operand may be a constant: `add a0, a0, 4`. */
const immediateForms: readonly Line[] = [
  ...['add', 'addw', 'and', 'or', 'xor'].map(immediateForm('imm')),
  ...['sll', 'srl', 'sra', 'sllw', 'srlw', 'sraw'].map(immediateForm('shamt')),
  ...['ror', 'rorw', 'bclr', 'bset', 'binv', 'bext'].map(immediateForm('shamt')),
  ['csrw', 'csr, uimm', 'csrrwi zero, csr, uimm'],
  ['csrs', 'csr, uimm', 'csrrsi zero, csr, uimm'],
  ['csrc', 'csr, uimm', 'csrrci zero, csr, uimm'],
  ['csrrw', 'rd, csr, uimm', 'csrrwi rd, csr, uimm'],
  ['csrrs', 'rd, csr, uimm', 'csrrsi rd, csr, uimm'],
  ['csrrc', 'rd, csr, uimm', 'csrrci rd, csr, uimm'],
];

/** How compressed words are printed where not as the base instruction they expand to: hints keep their own names. */
const compressedPrinted: readonly Line[] = [
  ['nop', '', 'c.addi zero, 0'],
  ['c.nop', 'imm', 'c.addi zero, imm'],
  ['add', 'rd, rd, imm', 'c.addi rd, imm'],
  ['c.li', 'zero, imm', 'c.li zero, imm'],
  ['c.lui', 'zero, upper', 'c.lui zero, upper'],
  ['c.slli', 'zero, shamt', 'c.slli zero, shamt'],
  ['c.slli64', 'rd', 'c.slli64 rd'],
  ['c.srli64', "rd'", "c.srli64 rd'"],
  ['c.srai64', "rd'", "c.srai64 rd'"],
  ['c.mv', 'zero, rs2', 'c.mv zero, rs2'],
  ['mv', 'rd, rs2', 'c.mv rd, rs2'],
  ['c.add', 'zero, rs2', 'c.add zero, rs2'],
];

/** Written only. */
const writtenOnly: readonly Line[] = [
  immediateForm('imm')('slt'),
  ['sltu', 'rd, rs1, imm', 'sltiu rd, rs1, imm'],
  ['csrwi', 'csr, uimm', 'csrrwi zero, csr, uimm'],
  ['csrsi', 'csr, uimm', 'csrrsi zero, csr, uimm'],
  ['csrci', 'csr, uimm', 'csrrci zero, csr, uimm'],
  ['c.nop', '', 'c.addi zero, 0'],
  ['c.nop', 'imm', 'c.addi zero, imm'],
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

/** Every alias: which instruction it is of, whether programs may write it, whether the disassembler does. */
const lists: readonly (readonly [lines: readonly Line[], written: boolean, printed: boolean])[] = [
  [compressedPrinted, false, true],
  [printed, true, true],
  [immediateForms, true, true],
  [writtenOnly, true, false],
];

function grouped(key: (alias: Alias) => string, keep: (alias: Alias) => boolean): Map<string, Alias[]> {
  const groups = new Map<string, Alias[]>();
  for (const alias of aliases.filter(keep)) {
    const group = groups.get(key(alias));
    if (group) group.push(alias);
    else groups.set(key(alias), [alias]);
  }
  return groups;
}

/** Every alias, in the order they are tried. */
export const aliases: readonly Alias[] = lists.flatMap(([lines, written, isPrinted]) =>
  lines.map(([name, syntax, template]) => ({
    name,
    syntax,
    ...parseTemplate(template, syntax, rowNamed),
    written,
    printed: isPrinted,
  })),
);

const printedByBase = grouped(
  (alias) => alias.base.name,
  (alias) => alias.printed,
);
const writtenByName = grouped(
  (alias) => alias.name,
  (alias) => alias.written,
);

/** Aliases the disassembler considers for an instruction. */
export const aliasesOf = (row: string): readonly Alias[] => printedByBase.get(row) ?? [];

/** Aliases a program may mean by a mnemonic. */
export const aliasesNamed = (name: string): readonly Alias[] => writtenByName.get(name) ?? [];
