import { compressed, type Row } from './row.ts';

/**
 * "C" Extension for Compressed Instructions, RV64DC. Encodings the manual calls HINTs (a zero immediate or x0 as destination
 * where that is useless) are ordinary members of their rows: they expand to base instructions that change nothing.
 */
export const compressedRows: readonly Row[] = [
  // Quadrant 0. The all-zero word (c.addi4spn with no immediate) is illegal on purpose.
  compressed('c.addi4spn', "rd', sp, uimm", "000 nzuimm[5:4|9:6|2|3] rd' 00", "addi rd', sp, uimm"),
  compressed('c.fld', "fd', uimm(rs1')", "001 uimm[5:3] rs1' uimm[7:6] rd' 00", "fld fd', uimm(rs1')"),
  compressed('c.lw', "rd', uimm(rs1')", "010 uimm[5:3] rs1' uimm[2|6] rd' 00", "lw rd', uimm(rs1')"),
  compressed('c.ld', "rd', uimm(rs1')", "011 uimm[5:3] rs1' uimm[7:6] rd' 00", "ld rd', uimm(rs1')"),
  compressed('c.fsd', "fs2', uimm(rs1')", "101 uimm[5:3] rs1' uimm[7:6] rs2' 00", "fsd fs2', uimm(rs1')"),
  compressed('c.sw', "rs2', uimm(rs1')", "110 uimm[5:3] rs1' uimm[2|6] rs2' 00", "sw rs2', uimm(rs1')"),
  compressed('c.sd', "rs2', uimm(rs1')", "111 uimm[5:3] rs1' uimm[7:6] rs2' 00", "sd rs2', uimm(rs1')"),

  // Quadrant 1
  // With rd = x0 this is c.nop.
  compressed('c.addi', 'rd, imm', '000 imm[5] rd imm[4:0] 01', 'addi rd, rd, imm'),
  compressed('c.addiw', 'rd, imm', '001 imm[5] rd!=0 imm[4:0] 01', 'addiw rd, rd, imm'),
  compressed('c.li', 'rd, imm', '010 imm[5] rd imm[4:0] 01', 'addi rd, zero, imm'),
  compressed('c.addi16sp', 'sp, imm', '011 nzimm[9] 00010 nzimm[4|6|8:7|5] 01', 'addi sp, sp, imm'),
  compressed('c.lui', 'rd, upper', '011 nzimm[17] rd!=2 nzimm[16:12] 01', 'lui rd, upper'),
  compressed('c.srli64', "rd'", "100 0 00 rd' 00000 01", "srli rd', rd', 0"),
  compressed('c.srai64', "rd'", "100 0 01 rd' 00000 01", "srai rd', rd', 0"),
  compressed('c.srli', "rd', shamt", "100 nzshamt[5] 00 rd' nzshamt[4:0] 01", "srli rd', rd', shamt"),
  compressed('c.srai', "rd', shamt", "100 nzshamt[5] 01 rd' nzshamt[4:0] 01", "srai rd', rd', shamt"),
  compressed('c.andi', "rd', imm", "100 imm[5] 10 rd' imm[4:0] 01", "andi rd', rd', imm"),
  compressed('c.sub', "rd', rs2'", "100 0 11 rd' 00 rs2' 01", "sub rd', rd', rs2'"),
  compressed('c.xor', "rd', rs2'", "100 0 11 rd' 01 rs2' 01", "xor rd', rd', rs2'"),
  compressed('c.or', "rd', rs2'", "100 0 11 rd' 10 rs2' 01", "or rd', rd', rs2'"),
  compressed('c.and', "rd', rs2'", "100 0 11 rd' 11 rs2' 01", "and rd', rd', rs2'"),
  compressed('c.subw', "rd', rs2'", "100 1 11 rd' 00 rs2' 01", "subw rd', rd', rs2'"),
  compressed('c.addw', "rd', rs2'", "100 1 11 rd' 01 rs2' 01", "addw rd', rd', rs2'"),
  compressed('c.j', 'offset', '101 imm[11|4|9:8|10|6|7|3:1|5] 01', 'jal zero, offset'),
  compressed('c.beqz', "rs1', offset", "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "beq rs1', zero, offset"),
  compressed('c.bnez', "rs1', offset", "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "bne rs1', zero, offset"),

  // Quadrant 2
  compressed('c.slli64', 'rd', '000 0 rd 00000 10', 'slli rd, rd, 0'),
  compressed('c.slli', 'rd, shamt', '000 nzshamt[5] rd nzshamt[4:0] 10', 'slli rd, rd, shamt'),
  compressed('c.fldsp', 'fd, uimm(sp)', '001 uimm[5] rd uimm[4:3|8:6] 10', 'fld fd, uimm(sp)'),
  compressed('c.lwsp', 'rd, uimm(sp)', '010 uimm[5] rd!=0 uimm[4:2|7:6] 10', 'lw rd, uimm(sp)'),
  compressed('c.ldsp', 'rd, uimm(sp)', '011 uimm[5] rd!=0 uimm[4:3|8:6] 10', 'ld rd, uimm(sp)'),
  compressed('c.jr', 'rs1', '100 0 rs1!=0 00000 10', 'jalr zero, 0(rs1)'),
  compressed('c.mv', 'rd, rs2', '100 0 rd rs2!=0 10', 'add rd, zero, rs2'),
  compressed('c.ebreak', '', '100 1 00000 00000 10', 'ebreak'),
  compressed('c.jalr', 'rs1', '100 1 rs1!=0 00000 10', 'jalr ra, 0(rs1)'),
  compressed('c.add', 'rd, rs2', '100 1 rd rs2!=0 10', 'add rd, rd, rs2'),
  compressed('c.fsdsp', 'fs2, uimm(sp)', '101 uimm[5:3|8:6] rs2 10', 'fsd fs2, uimm(sp)'),
  compressed('c.swsp', 'rs2, uimm(sp)', '110 uimm[5:2|7:6] rs2 10', 'sw rs2, uimm(sp)'),
  compressed('c.sdsp', 'rs2, uimm(sp)', '111 uimm[5:3|8:6] rs2 10', 'sd rs2, uimm(sp)'),
];
