import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assemble } from '../src/assembly/assemble.ts';

/** Low enough for lui to reach. */
const base = 0x1000_0000;

/** The text section GNU as and ld make of a source. */
function gnu(source: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-as-'));
  const path = (name: string): string => join(folder, name);
  try {
    writeFileSync(path('a.s'), `.option norelax\n${source}`);
    execFileSync('riscv64-linux-gnu-as', [
      '-march=rv64imafd_zicsr_zifencei_zba_zbb_zbs',
      path('a.s'),
      '-o',
      path('a.o'),
    ]);
    const link = ['--no-relax', '-N', `-Ttext=0x${base.toString(16)}`, path('a.o'), '-o', path('a.elf')];
    execFileSync('riscv64-linux-gnu-ld', link, { stdio: ['ignore', 'ignore', 'pipe'] });
    execFileSync('riscv64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', path('a.elf'), path('a.bin')]);
    return new Uint8Array(readFileSync(path('a.bin')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const guest = `
    .equ UART, 0x20000000
    .set STACK, 1 << 12
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, park
    la sp, stack + STACK
    la t0, trap
    csrw mtvec, t0
    li t1, (3 << 11) | 0x80 # MPP = M
    csrc mstatus, t1
    li t1, 1 << 11
    csrs mstatus, t1
    csrwi satp, 0
    sfence.vma
    li a0, UART
    la a1, message
1:  lbu a2, 0(a1)
    beqz a2, 2f
    sb a2, (a0)
    addi a1, a1, 1
    j 1b
2:  call work
    lla t2, supervisor
    csrw mepc, t2
    mret
park:
    wfi
    j park

    .align 2
trap:
    csrr t0, mcause; bltz t0, 1f
    csrr t0, mepc; addi t0, t0, 4; csrw mepc, t0
1:  mret

supervisor:
    rdtime a0
    ecall
    tail supervisor

work:
    addi sp, sp, -16
    sd ra, 8(sp)
    ld a0, table
    sd a0, table + 8, t0
    amoadd.d.aqrl a0, a1, (a2)
    lr.d.aq t0, (a0)
    sc.d.rl t1, t2, (a0)
    bgtu a0, a1, 3f
    ble a0, zero, 3f
    sext.b a0, a1; sext.h a0, a1; zext.h a0, a1; zext.w a0, a1; zext.b a1, a1; sext.w a2, a2
    sltu a0, a1, 5; xor a0, a0, -1; sll a0, a0, 63; sraw a1, a1, 31; ror a1, a1, 3; bset a0, a0, 7
    fld fa0, table, t0
    fmadd.d fa0, fa1, fa2, fa3
    fcvt.w.d a0, fa0, rtz
    fcvt.d.w fa0, a0
    fneg.d fa1, fa0; fabs.s fa1, fa0; fge.d a0, fa0, fa1
    fsrmi 1; frflags a0; fsflags a0; fscsr a1, a0
    fence; fence r, rw; fence.i; fence.tso
    lui a3, %hi(table + 0x2345800)
    addi a3, a3, %lo(table + 0x2345800)
4:  auipc a4, %pcrel_hi(table)
    ld a4, %pcrel_lo(4b)(a4)
3:  ld ra, 8(sp)
    addi sp, sp, 16
    li a0, -1; li a0, 2047; li a0, 2048; li a0, 0x12345; li a0, 0x7fffffff; li a0, -0x80000000; li a0, 0xfffffffffffff800
    ret
    .balign 16
table:
    .dword _start, table - _start, 5 * 3 + 1 << 2, 'a'
    .word -1, end - table
    .half 0xffff; .byte 1, 2
message:
    .string "hello, # \\"world\\" \\n\\t\\x41\\101;"
    .ascii "no end"
    .fill 3, 2, 0x1234
    .p2align 3
    .zero 3
    .space 5, 0xaa
end:
    .align 4
stack:
    .org 0x400
    nop
`;

test('a guest program assembles to the bytes GNU as and ld make of it', () => {
  const ours = assemble(guest, { base }).bytes;
  const theirs = gnu(guest);
  const words = (bytes: Uint8Array): string[] =>
    Array.from({ length: bytes.length / 4 }, (_, i) => {
      const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * i, true);
      return `${(4 * i).toString(16)}: ${word.toString(16).padStart(8, '0')}`;
    });
  // GNU pads the end of a section to its alignment.
  expect(words(ours)).toEqual(words(theirs).slice(0, ours.length / 4));
});
