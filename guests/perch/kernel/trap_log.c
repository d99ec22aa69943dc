#include "types.h"
#include "trap_log.h"
#include "riscv.h"

#define RECORDS 256

static struct trap_record ring[RECORDS];
static u64 next_sequence;

/* No lock: M-mode adds records too and must never wait for a hart. A number of one's own is enough. */
void trap_log_add(const struct trap_record *record) {
  u64 sequence = __atomic_fetch_add(&next_sequence, 1, __ATOMIC_RELAXED);
  struct trap_record *slot = &ring[sequence % RECORDS];
  *slot = *record;
  slot->time = csr_read(CSR_time);
  __atomic_store_n(&slot->sequence, sequence, __ATOMIC_RELEASE);
}

u64 trap_log_next(void) { return __atomic_load_n(&next_sequence, __ATOMIC_RELAXED); }

int trap_log_read(struct trap_record *to, int count, u64 first) {
  u64 next = trap_log_next();
  int found = 0;
  if (next > RECORDS && first < next - RECORDS) first = next - RECORDS;
  for (; first < next && found < count; first++) {
    struct trap_record copy = ring[first % RECORDS];
    if (copy.sequence == first) to[found++] = copy;
  }
  return found;
}
