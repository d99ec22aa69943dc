/* A program's or the kernel's registers at a trap, in memory order; trap.S stores them by these offsets. */
#ifndef TRAP_FRAME_H
#define TRAP_FRAME_H

#define FRAME_X(number) ((number) * 8 - 8)
#define FRAME_EPC 248
#define FRAME_STATUS 256
#define FRAME_HART 264
#define FRAME_BYTES 272

#ifndef __ASSEMBLER__
#include "types.h"

struct trap_frame {
  union {
    u64 x[31]; /* x1..x31 */
    struct {
      u64 ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7;
      u64 s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
    };
  };
  u64 epc;
  u64 status;
  struct hart *hart; /* what tp becomes at the next trap from this program */
};
_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "trap.S and struct trap_frame disagree");

void trap_vector(void);
void return_to_user(struct trap_frame *frame) __attribute__((noreturn));
#endif
#endif
