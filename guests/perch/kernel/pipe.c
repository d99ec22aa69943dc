#include "pipe.h"
#include "abi.h"
#include "page_alloc.h"
#include "space.h"
#include "text.h"
#include "wait_queue.h"

#define PIPE_BYTES 2048

struct pipe {
  struct spinlock lock;
  struct wait_queue readers, writers;
  bool can_read, can_write; /* the end is open */
  u32 read, written;        /* only grow */
  u8 ring[PIPE_BYTES];
};
_Static_assert(sizeof(struct pipe) <= PAGE_BYTES, "a pipe is one page");

struct pipe *pipe_create(void) {
  struct pipe *p = page_take();
  if (!p) return NULL;
  memset(p, 0, offsetof(struct pipe, ring));
  p->lock.name = "pipe";
  p->can_read = p->can_write = true;
  return p;
}

void pipe_close(struct pipe *p, bool writing_end) {
  lock(&p->lock);
  if (writing_end) p->can_write = false;
  else p->can_read = false;
  wake_all(&p->readers);
  wake_all(&p->writers);
  bool unused = !p->can_read && !p->can_write;
  unlock(&p->lock);
  if (unused) page_drop(p);
}

/* Contiguous bytes from a counter's place on, up to the ring's end. */
static u64 run(u32 counter, u64 most) { return MIN(most, PIPE_BYTES - counter % PIPE_BYTES); }

i64 pipe_read(struct pipe *p, u64 to, u64 bytes) {
  u64 done = 0;
  lock(&p->lock);
  while (p->read == p->written && p->can_write)
    if (!wait_unless_killed(&p->readers, &p->lock)) {
      unlock(&p->lock);
      return E_INTERRUPTED;
    }
  bool ok = true;
  while (ok && done < bytes && p->read != p->written) {
    u64 count = run(p->read, MIN(bytes - done, p->written - p->read));
    ok = copy_to_user(to + done, &p->ring[p->read % PIPE_BYTES], count);
    if (ok) p->read += (u32)count, done += count;
  }
  wake_all(&p->writers);
  unlock(&p->lock);
  return ok ? (i64)done : E_FAULT;
}

i64 pipe_write(struct pipe *p, u64 from, u64 bytes) {
  u64 done = 0;
  i64 error = 0;
  lock(&p->lock);
  while (!error && done < bytes) {
    u64 room = PIPE_BYTES - (p->written - p->read);
    if (!p->can_read) {
      error = E_PIPE;
    } else if (room == 0) {
      wake_all(&p->readers);
      if (!wait_unless_killed(&p->writers, &p->lock)) error = E_INTERRUPTED;
    } else {
      u64 count = run(p->written, MIN(bytes - done, room));
      if (copy_from_user(&p->ring[p->written % PIPE_BYTES], from + done, count)) p->written += (u32)count, done += count;
      else error = E_FAULT;
    }
  }
  wake_all(&p->readers);
  unlock(&p->lock);
  return error ? error : (i64)done;
}
