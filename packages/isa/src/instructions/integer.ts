import {
  type AccessBytes,
  add,
  and,
  constant,
  type Effect,
  type Expr,
  eq,
  ge,
  geu,
  imm,
  jump,
  loaded,
  lt,
  ltu,
  ne,
  next,
  or,
  pc,
  type Semantics,
  sar,
  setX,
  sext32,
  shl,
  shr,
  sub,
  x,
  xor,
  zext32,
} from '../semantics.ts';
import { type Row, rowsOf } from './row.ts';

const instruction = rowsOf('i');
const a = x('rs1');
const b = x('rs2');
const address = add(a, imm);
/** Word shifts look at five bits of the amount. */
const amount32 = and(b, constant(31));

const branch = (when: Expr): readonly Effect[] => [jump(add(pc, imm), when)];
const load = (bytes: AccessBytes, signed: boolean): Semantics => ({
  access: { kind: 'load', bytes, signed, address },
  effects: [setX(loaded)],
});
const store = (bytes: AccessBytes): Semantics => ({
  access: { kind: 'store', bytes, address, value: b },
  effects: [],
});
const register = (name: string, funct7: string, funct3: string, value: Expr): Row =>
  instruction(name, 'rd, rs1, rs2', `${funct7} rs2 rs1 ${funct3} rd 0110011`, [setX(value)]);
const registerW = (name: string, funct7: string, funct3: string, value: Expr): Row =>
  instruction(name, 'rd, rs1, rs2', `${funct7} rs2 rs1 ${funct3} rd 0111011`, [setX(sext32(value))]);
const immediate = (name: string, funct3: string, value: Expr): Row =>
  instruction(name, 'rd, rs1, imm', `imm[11:0] rs1 ${funct3} rd 0010011`, [setX(value)]);

/** RV64I, "RV32I Base Integer Instruction Set" and "RV64I Base Integer Instruction Set". */
export const integerRows: readonly Row[] = [
  instruction('lui', 'rd, upper', 'imm[31:12] rd 0110111', [setX(imm)]),
  instruction('auipc', 'rd, upper', 'imm[31:12] rd 0010111', [setX(add(pc, imm))]),
  instruction('jal', 'rd, offset', 'imm[20|10:1|11|19:12] rd 1101111', [setX(next), jump(add(pc, imm))]),
  instruction('jalr', 'rd, imm(rs1)', 'imm[11:0] rs1 000 rd 1100111', [
    setX(next),
    jump(and(address, constant(0xffff_ffff_ffff_fffen))),
  ]),

  instruction('beq', 'rs1, rs2, offset', 'imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011', branch(eq(a, b))),
  instruction('bne', 'rs1, rs2, offset', 'imm[12|10:5] rs2 rs1 001 imm[4:1|11] 1100011', branch(ne(a, b))),
  instruction('blt', 'rs1, rs2, offset', 'imm[12|10:5] rs2 rs1 100 imm[4:1|11] 1100011', branch(lt(a, b))),
  instruction('bge', 'rs1, rs2, offset', 'imm[12|10:5] rs2 rs1 101 imm[4:1|11] 1100011', branch(ge(a, b))),
  instruction('bltu', 'rs1, rs2, offset', 'imm[12|10:5] rs2 rs1 110 imm[4:1|11] 1100011', branch(ltu(a, b))),
  instruction('bgeu', 'rs1, rs2, offset', 'imm[12|10:5] rs2 rs1 111 imm[4:1|11] 1100011', branch(geu(a, b))),

  instruction('lb', 'rd, imm(rs1)', 'imm[11:0] rs1 000 rd 0000011', load(1, true)),
  instruction('lh', 'rd, imm(rs1)', 'imm[11:0] rs1 001 rd 0000011', load(2, true)),
  instruction('lw', 'rd, imm(rs1)', 'imm[11:0] rs1 010 rd 0000011', load(4, true)),
  instruction('ld', 'rd, imm(rs1)', 'imm[11:0] rs1 011 rd 0000011', load(8, true)),
  instruction('lbu', 'rd, imm(rs1)', 'imm[11:0] rs1 100 rd 0000011', load(1, false)),
  instruction('lhu', 'rd, imm(rs1)', 'imm[11:0] rs1 101 rd 0000011', load(2, false)),
  instruction('lwu', 'rd, imm(rs1)', 'imm[11:0] rs1 110 rd 0000011', load(4, false)),
  instruction('sb', 'rs2, imm(rs1)', 'imm[11:5] rs2 rs1 000 imm[4:0] 0100011', store(1)),
  instruction('sh', 'rs2, imm(rs1)', 'imm[11:5] rs2 rs1 001 imm[4:0] 0100011', store(2)),
  instruction('sw', 'rs2, imm(rs1)', 'imm[11:5] rs2 rs1 010 imm[4:0] 0100011', store(4)),
  instruction('sd', 'rs2, imm(rs1)', 'imm[11:5] rs2 rs1 011 imm[4:0] 0100011', store(8)),

  immediate('addi', '000', add(a, imm)),
  immediate('slti', '010', lt(a, imm)),
  immediate('sltiu', '011', ltu(a, imm)),
  immediate('xori', '100', xor(a, imm)),
  immediate('ori', '110', or(a, imm)),
  immediate('andi', '111', and(a, imm)),
  instruction('slli', 'rd, rs1, shamt', '000000 shamt[5:0] rs1 001 rd 0010011', [setX(shl(a, imm))]),
  instruction('srli', 'rd, rs1, shamt', '000000 shamt[5:0] rs1 101 rd 0010011', [setX(shr(a, imm))]),
  instruction('srai', 'rd, rs1, shamt', '010000 shamt[5:0] rs1 101 rd 0010011', [setX(sar(a, imm))]),

  register('add', '0000000', '000', add(a, b)),
  register('sub', '0100000', '000', sub(a, b)),
  register('sll', '0000000', '001', shl(a, b)),
  register('slt', '0000000', '010', lt(a, b)),
  register('sltu', '0000000', '011', ltu(a, b)),
  register('xor', '0000000', '100', xor(a, b)),
  register('srl', '0000000', '101', shr(a, b)),
  register('sra', '0100000', '101', sar(a, b)),
  register('or', '0000000', '110', or(a, b)),
  register('and', '0000000', '111', and(a, b)),

  instruction('addiw', 'rd, rs1, imm', 'imm[11:0] rs1 000 rd 0011011', [setX(sext32(add(a, imm)))]),
  instruction('slliw', 'rd, rs1, shamt', '0000000 shamt[4:0] rs1 001 rd 0011011', [
    setX(sext32(shl(a, imm))),
  ]),
  instruction('srliw', 'rd, rs1, shamt', '0000000 shamt[4:0] rs1 101 rd 0011011', [
    setX(sext32(shr(zext32(a), imm))),
  ]),
  instruction('sraiw', 'rd, rs1, shamt', '0100000 shamt[4:0] rs1 101 rd 0011011', [
    setX(sar(sext32(a), imm)),
  ]),
  registerW('addw', '0000000', '000', add(a, b)),
  registerW('subw', '0100000', '000', sub(a, b)),
  registerW('sllw', '0000000', '001', shl(a, amount32)),
  registerW('srlw', '0000000', '101', shr(zext32(a), amount32)),
  registerW('sraw', '0100000', '101', sar(sext32(a), amount32)),

  // Every value of fm, pred, succ and the unused registers is a fence: unknown ones are treated as the strongest.
  instruction('fence', 'pred, succ', 'fm pred succ rs1 000 rd 0001111', []),
  instruction('ecall', '', '000000000000 00000 000 00000 1110011', { system: 'ecall' }),
  instruction('ebreak', '', '000000000001 00000 000 00000 1110011', { system: 'ebreak' }),
];
