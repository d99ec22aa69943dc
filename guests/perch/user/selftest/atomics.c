#include "check.h"

CHECK(check_misaligned) {
  u8 *bytes = sbrk(4 * (i64)PAGE_BYTES);
  REQUIRE(bytes != NULL);
  u8 *edge = bytes + 2 * PAGE_BYTES; /* pages nobody touched: the second half of an access faults by itself */
  for (u64 back = 1; back < 8; back++) {
    u8 *at = edge - back;
    *(volatile u64 *)at = 0x1122334455667788ul + back;
    REQUIRE(*(volatile u64 *)at == 0x1122334455667788ul + back);
    REQUIRE(at[7] == 0x11 && at[0] == 0x88 + back);
    if (back < 4) {
      *(volatile u32 *)at = 0xa0b0c0d0;
      REQUIRE(*(volatile u32 *)at == 0xa0b0c0d0 && *(volatile int *)at == (int)0xa0b0c0d0);
    }
  }
  *(volatile u16 *)(edge - 1) = 0xbeef;
  REQUIRE(*(volatile u16 *)(edge - 1) == 0xbeef && edge[-1] == 0xef && edge[0] == 0xbe);
  *(volatile double *)(edge - 3) = 2.25;
  REQUIRE(*(volatile double *)(edge - 3) == 2.25);
  return NULL;
}

#define ROUNDS 3000
#define WORKERS 4

static void add_by_reservation(u64 *word) {
  u64 old, failed;
  __asm__ volatile(
      "1: lr.d.aq %0, (%2)\n"
      "addi %0, %0, 1\n"
      "sc.d.rl %1, %0, (%2)\n"
      "bnez %1, 1b"
      : "=&r"(old), "=&r"(failed)
      : "r"(word)
      : "memory");
}

struct common {
  u64 reserved, atomic, guarded;
  u32 lock;
};

static void work(volatile struct common *c) {
  for (int i = 0; i < ROUNDS; i++) {
    add_by_reservation((u64 *)&c->reserved);
    __atomic_fetch_add(&c->atomic, 1, __ATOMIC_RELAXED);
    if (i % 10) continue;
    while (__atomic_exchange_n(&c->lock, 1, __ATOMIC_ACQUIRE)) yield();
    c->guarded = c->guarded + 1;
    __atomic_store_n(&c->lock, 0, __ATOMIC_RELEASE);
  }
}

CHECK(check_contention) {
  struct common *c = share(1);
  REQUIRE(c != NULL);
  for (int i = 0; i < WORKERS; i++)
    if (fork() == 0) {
      work(c);
      exit(0);
    }
  for (int i = 0; i < WORKERS; i++) REQUIRE(wait(NULL, 0) > 0);
  REQUIRE(c->reserved == WORKERS * ROUNDS);
  REQUIRE(c->atomic == WORKERS * ROUNDS);
  REQUIRE(c->guarded == WORKERS * ROUNDS / 10);
  return NULL;
}
