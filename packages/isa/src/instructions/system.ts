import type { SystemOp } from '../semantics.ts';
import { type Row, type RowBuilder, rowsOf } from './row.ts';

const zicsr = rowsOf('zicsr');
const register = (name: string, funct3: string): Row =>
  zicsr(name, 'rd, csr, rs1', `csr rs1 ${funct3} rd 1110011`, { system: 'csr' });
const immediate = (name: string, funct3: string): Row =>
  zicsr(name, 'rd, csr, uimm', `csr uimm[4:0] ${funct3} rd 1110011`, { system: 'csr' });

/** "Zicsr" Extension for Control and Status Register Instructions. */
export const csrRows: readonly Row[] = [
  register('csrrw', '001'),
  register('csrrs', '010'),
  register('csrrc', '011'),
  immediate('csrrwi', '101'),
  immediate('csrrsi', '110'),
  immediate('csrrci', '111'),
];

/** "Zifencei" Extension for Instruction-Fetch Fence; its unused fields are ignored. */
export const fetchFenceRows: readonly Row[] = [
  rowsOf('zifencei')('fence.i', '', 'imm[11:0] rs1 001 rd 0001111', { system: 'fence.i' }),
];

/** Named points of the fence space. */
export const fenceHintRows: readonly Row[] = [
  rowsOf('i')('fence.tso', '', '1000 0011 0011 00000 000 00000 0001111', [], 'fence'),
];

/** "Zihintpause" and "Zawrs": ending the wait at once is always allowed. */
export const waitHintRows: readonly Row[] = [
  rowsOf('zihintpause')('pause', '', '0000 0001 0000 00000 000 00000 0001111', [], 'fence'),
  rowsOf('zawrs')('wrs.nto', '', '000000001101 00000 000 00000 1110011', []),
  rowsOf('zawrs')('wrs.sto', '', '000000011101 00000 000 00000 1110011', []),
];

const cacheBlock = (instruction: RowBuilder, name: SystemOp, code: string): Row =>
  instruction(name, '(rs1)', `${code} rs1 010 00000 0001111`, { system: name });

/** "Zicbom" and "Zicboz": cache-block management and zeroing. */
export const cacheBlockRows: readonly Row[] = [
  cacheBlock(rowsOf('zicbom'), 'cbo.inval', '000000000000'),
  cacheBlock(rowsOf('zicbom'), 'cbo.clean', '000000000001'),
  cacheBlock(rowsOf('zicbom'), 'cbo.flush', '000000000010'),
  cacheBlock(rowsOf('zicboz'), 'cbo.zero', '000000000100'),
];

const supervisor = rowsOf('s');
const svinval = rowsOf('svinval');

/** Privileged architecture: trap return, wait for interrupt, memory-management fences, "Svinval". */
export const privilegedRows: readonly Row[] = [
  supervisor('sret', '', '0001000 00010 00000 000 00000 1110011', { system: 'sret' }),
  supervisor('mret', '', '0011000 00010 00000 000 00000 1110011', { system: 'mret' }),
  supervisor('wfi', '', '0001000 00101 00000 000 00000 1110011', { system: 'wfi' }),
  supervisor('sfence.vma', 'rs1, rs2', '0001001 rs2 rs1 000 00000 1110011', { system: 'sfence.vma' }),
  svinval('sinval.vma', 'rs1, rs2', '0001011 rs2 rs1 000 00000 1110011', { system: 'sinval.vma' }),
  svinval('sfence.w.inval', '', '0001100 00000 00000 000 00000 1110011', { system: 'sfence.w.inval' }),
  svinval('sfence.inval.ir', '', '0001100 00001 00000 000 00000 1110011', { system: 'sfence.inval.ir' }),
];
