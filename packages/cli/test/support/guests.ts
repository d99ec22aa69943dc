import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A guest that prints `ready`, then echoes what is typed, upper-casing nothing; `q` powers off, `f` fails with 7, `F` with 256,
 * `r` restarts, `z` waits for ever, `b` spins for ever.
 */
const echo = `
.equ uart, 0x10000000
.equ finisher, 0x100000
.globl _start
_start:
  csrr t0, mhartid
  bnez t0, wait
  li s0, uart
  li s1, finisher
  la a0, ready
1: lbu a1, 0(a0)
  beqz a1, loop
  sb a1, 0(s0)
  addi a0, a0, 1
  j 1b
loop:
  lbu a1, 5(s0)
  andi a1, a1, 1
  beqz a1, loop
  lbu a1, 0(s0)
  sb a1, 0(s0)
  li a2, 'q'
  li a3, 0x5555
  beq a1, a2, finish
  li a2, 'f'
  li a3, 0x73333
  beq a1, a2, finish
  li a2, 'F'
  li a3, 0x1003333
  beq a1, a2, finish
  li a2, 'r'
  li a3, 0x7777
  beq a1, a2, finish
  li a2, 'z'
  beq a1, a2, wait
  li a2, 'b'
  beq a1, a2, spin
  j loop
finish:
  sw a3, 0(s1)
  j loop
spin: j spin
wait:
  csrw mie, zero
2: wfi
  j 2b
ready: .asciz "ready\\n"
`;

/** Reports through tohost: what to store there, after some work; with a signature. */
const tohost = (value: number) => `
.globl _start
_start:
  la a0, begin_signature
  li a1, 0x11223344
  sw a1, 0(a0)
  li a1, 0xdeadbeef
  sw a1, 4(a0)
  la a0, tohost
  li a1, ${value}
  sd a1, 0(a0)
1: j 1b
.data
.balign 64
.globl tohost
tohost: .dword 0
.balign 16
.globl begin_signature
begin_signature: .word 0, 0
.globl end_signature
end_signature:
`;

const finisher = (value: number) => `
.globl _start
_start:
  li a0, 0x100000
  li a1, ${value}
  sw a1, 0(a0)
1: j 1b
`;

export const programs = {
  echo,
  'tohost-pass': tohost(1),
  'tohost-fail-3': tohost(7),
  'tohost-never': tohost(0),
  'finisher-pass': finisher(0x5555),
  'finisher-fail': finisher(0x5_3333),
} as const;

/** Assembles a program into `directory`; gives the ELF file's path. */
export function buildGuest(directory: string, name: keyof typeof programs): string {
  const source = join(directory, `${name}.S`);
  const output = join(directory, name);
  writeFileSync(source, programs[name]);
  const link = [
    '-nostdlib',
    '-static',
    '-Wl,-N',
    '-Wl,--build-id=none',
    '-Wl,-Ttext=0x80000000',
    '-Wl,--no-warn-rwx',
  ];
  execFileSync('riscv64-linux-gnu-gcc', [...link, '-o', output, source]);
  return output;
}
