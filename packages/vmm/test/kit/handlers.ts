import { assemble } from '@trapline/isa';
import { symbols } from '../pair.ts';
import { kitBase } from './layout.ts';

/** What `ecall` asks of the handlers, in a7; 0, 1 and 3 are the mode to go on in (at a6, or after the ecall). */
export const Service = { emulateSret: 96, armTimer: 97, sync: 98 } as const;

/** t1: an address seen from U-mode becomes the one M- and S-mode use. Spoils t2. */
const normalise = `
  li t2, RAM
  bgeu t1, t2, 77f
  li t2, ALIAS
  add t1, t1, t2
77:`;

/** Logs five CSRs where 24(sp) points, wrapping at 32(sp) to 40(sp). Spoils t0, t1. */
const log = (names: readonly string[]): string => `
  ld t0, 24(sp)
  ${names.map((name, i) => `csrr t1, ${name}\n  sd t1, ${8 * i}(t0)`).join('\n  ')}
  addi t0, t0, 64
  ld t1, 32(sp)
  bltu t0, t1, 1f
  ld t0, 40(sp)
1: sd t0, 24(sp)`;

const enter = (scratch: string): string => `
  csrrw sp, ${scratch}, sp
  sd t0, 0(sp)
  sd t1, 8(sp)
  sd t2, 16(sp)`;

const leave = (scratch: string): string => `
  sfence.vma
  ld t2, 16(sp)
  ld t1, 8(sp)
  ld t0, 0(sp)
  csrrw sp, ${scratch}, sp`;

/**
 * Handlers that let a program survive anything: they write down what happened, then skip a faulting instruction, go on at s11 (in
 * M-mode) when nothing could be fetched, and silence interrupts. Each ends with a fence: whatever the program did to its
 * tables is defined from there on.
 */
const source = `
  .balign 256
m_vector:
  ${Array.from({ length: 16 }, () => 'j m_trap').join('\n  ')}
m_trap:
  ${enter('mscratch')}
  ${log(['mcause', 'mtval', 'mepc', 'mstatus', 'mip', 'mcycle', 'time'])}
  csrr t0, mcause
  bltz t0, m_interrupt
  li t1, 1
  beq t0, t1, m_land
  li t1, 12
  beq t0, t1, m_land
  addi t1, t0, -8
  sltiu t1, t1, 4
  bnez t1, m_call
m_skip:
  csrr t1, mepc
  addi t1, t1, 4
m_to:
  csrw mepc, t1
m_out:
  ${leave('mscratch')}
  mret
m_land:
  mv t1, s11
  ${normalise}
  li t2, 0x1800
  csrs mstatus, t2
  j m_to
m_call:
  li t0, ${Service.sync}
  beq a7, t0, m_skip
  li t0, ${Service.armTimer}
  beq a7, t0, m_arm
  li t0, ${Service.emulateSret}
  beq a7, t0, m_sret
  mv t1, a6
  bnez t1, 1f
  csrr t1, mepc
  addi t1, t1, 4
1:
  ${normalise}
  li a6, 0
  li t2, 0x1800
  csrc mstatus, t2
  andi t0, a7, 3
  bnez t0, 2f
  csrr t2, satp
  beqz t2, m_to
  li t2, ALIAS
  sub t1, t1, t2
  j m_to
2:
  li t2, 2
  bne t0, t2, 3f
  li t0, 3
3:
  slli t0, t0, 11
  csrs mstatus, t0
  j m_to
m_arm:
  csrr t0, mhartid
  slli t0, t0, 3
  li t1, MTIMECMP
  add t0, t0, t1
  li t1, MTIME
  ld t1, 0(t1)
  add t1, t1, a0
  sd t1, 0(t0)
  li t1, 128
  csrs mie, t1
  j m_skip
m_sret:
  csrr t1, sepc
  csrw mepc, t1
  li t2, 0x1800
  csrc mstatus, t2
  csrr t1, sstatus
  andi t1, t1, 0x100
  slli t1, t1, 3
  csrs mstatus, t1
  j m_out
m_interrupt:
  andi t0, t0, 63
  li t1, 1
  sll t1, t1, t0
  csrc mie, t1
  csrc mip, t1
  csrr t2, mhartid
  addi t0, t0, -3
  beqz t0, 3f
  addi t0, t0, -2
  beqz t0, 5f
  addi t0, t0, -2
  beqz t0, 7f
  addi t0, t0, -2
  beqz t0, 9f
  addi t0, t0, -2
  bnez t0, m_out
  li t1, PORT
  slli t2, t2, 1
  sd t2, 0x20(t1)
  j m_out
3:
  li t1, CLINT
  slli t2, t2, 2
  add t1, t1, t2
  sw zero, 0(t1)
  j m_out
5:
  li t1, -1
  csrw stimecmp, t1
  j m_out
7:
  li t1, MTIMECMP
  slli t2, t2, 3
  add t1, t1, t2
  li t2, -1
  sd t2, 0(t1)
  j m_out
9:
  li t1, PORT
  slli t2, t2, 1
  sd t2, 0x28(t1)
  j m_out

  .balign 256
s_vector:
  ${Array.from({ length: 16 }, () => 'j s_trap').join('\n  ')}
s_trap:
  ${enter('sscratch')}
  ${log(['scause', 'stval', 'sepc', 'sstatus', 'sip', 'sie'])}
  csrr t0, scause
  bltz t0, s_interrupt
  li t1, 1
  beq t0, t1, s_land
  li t1, 12
  beq t0, t1, s_land
  li t1, 8
  beq t0, t1, s_call
s_skip:
  csrr t1, sepc
  addi t1, t1, 4
s_to:
  csrw sepc, t1
s_out:
  ${leave('sscratch')}
  sret
  li a7, ${Service.emulateSret}
  ecall
s_land:
  mv t1, s11
  ${normalise}
  li t2, 0x100
  csrs sstatus, t2
  j s_to
s_call:
  li t0, 4
  bgeu a7, t0, 1f
  csrr a6, sepc
  addi a6, a6, 4
  ${leave('sscratch')}
  ecall
1:
  ecall
  j s_skip
s_interrupt:
  andi t0, t0, 63
  li t1, 1
  sll t1, t1, t0
  csrc sie, t1
  csrc sip, t1
  j s_out
`;

const assembled = assemble(source, { base: kitBase, symbols: { ...symbols, ALIAS: 0x4000_0000 } });

/** The handlers' bytes at `kitBase`, and where their entries are. */
export const kit = {
  bytes: assembled.bytes,
  entries: {
    m_vector: Number(assembled.symbols.get('m_vector')),
    s_vector: Number(assembled.symbols.get('s_vector')),
  },
  source,
} as const;
