#include "float.h"
#include "hart.h"
#include "riscv.h"
#include "text.h"

void float_save(u64 *to);
void float_load(const u64 *from);

static bool registers_hold(const struct task *t) {
  struct hart *hart = this_hart();
  return hart->float_owner == t && t->float_hart == (int)hart->id;
}

static void set_fs(u64 fs) {
  csr_clear(CSR_sstatus, STATUS_FS);
  csr_set(CSR_sstatus, fs);
}

static void save_if_changed(struct task *t) {
  if ((csr_read(CSR_sstatus) & STATUS_FS) != STATUS_FS_DIRTY) return;
  float_save(t->floats);
  set_fs(STATUS_FS_CLEAN);
}

bool float_first_use(struct task *t) {
  if (t->frame->status & STATUS_FS) return false;
  interrupts_hold();
  set_fs(STATUS_FS_CLEAN);
  float_load(t->floats);
  set_fs(STATUS_FS_CLEAN); /* loading made it dirty */
  this_hart()->float_owner = t;
  t->float_hart = (int)this_hart()->id;
  interrupts_release();
  return true;
}

void float_leave(struct task *t) {
  if (!t->space.root && !t->frame) return;
  save_if_changed(t);
  set_fs(0);
}

void float_return(struct task *t) {
  u64 fs = csr_read(CSR_sstatus) & STATUS_FS; /* still what it was at the trap, unless the task lost the hart since */
  if (!fs && registers_hold(t)) fs = STATUS_FS_CLEAN;
  t->frame->status = (t->frame->status & ~STATUS_FS) | fs;
}

void float_fork(struct task *to, struct task *from) {
  interrupts_hold();
  save_if_changed(from);
  memcpy(to->floats, from->floats, sizeof to->floats);
  interrupts_release();
}

void float_reset(struct task *t) {
  interrupts_hold();
  memset(t->floats, 0, sizeof t->floats);
  t->float_hart = -1;
  set_fs(0);
  interrupts_release();
}

void float_forget(struct task *t) { t->float_hart = -1; }
