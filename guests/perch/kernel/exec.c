#include "exec.h"
#include "float.h"
#include "fs.h"
#include "memory_map.h"
#include "riscv.h"
#include "task.h"
#include "text.h"

struct elf_header {
  u8 magic[16];
  u16 type, machine;
  u32 version;
  u64 entry, program_offset, section_offset;
  u32 flags;
  u16 header_bytes, program_bytes, program_count, section_bytes, section_count, names;
};

struct elf_program {
  u32 type, flags;
  u64 offset, address, physical, file_bytes, memory_bytes, align;
};

enum { ELF_EXECUTABLE = 2, ELF_RISCV = 243, SEGMENT_LOAD = 1, FLAG_EXECUTE = 1, FLAG_WRITE = 2 };
static const u8 elf_magic[6] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */};

static u64 page_flags(u32 segment_flags) {
  u64 flags = PTE_USER | PTE_READ;
  if (segment_flags & FLAG_EXECUTE) flags |= PTE_EXECUTE;
  if (segment_flags & FLAG_WRITE) flags |= PTE_WRITE | PTE_DIRTY;
  return flags;
}

static bool segment_fits(const struct elf_program *p) {
  return p->address >= USER_BASE && p->address < USER_STACK_BASE && p->memory_bytes >= p->file_bytes &&
         p->memory_bytes < USER_STACK_BASE - p->address;
}

static i64 load_segment(struct space *s, struct inode *i, const struct elf_program *p) {
  if (!segment_fits(p)) return E_NOT_EXEC;
  u64 end = p->address + p->memory_bytes;
  for (u64 at = p->address; at < end;) {
    u64 within = at % PAGE_BYTES, count = MIN(PAGE_BYTES - within, end - at), done = at - p->address;
    u8 *page = space_page(s, at - within, page_flags(p->flags));
    if (!page) return E_AGAIN;
    if (done < p->file_bytes) {
      u64 from_file = MIN(count, p->file_bytes - done);
      if (inode_read(i, p->offset + done, page + within, from_file) != (i64)from_file) return E_NOT_EXEC;
    }
    at += count;
  }
  s->heap_start = s->heap_end = MAX(s->heap_start, (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
  return 0;
}

static i64 load(struct space *s, struct inode *i, u64 *entry) {
  struct elf_header header;
  if (inode_read(i, 0, &header, sizeof header) != sizeof header) return E_NOT_EXEC;
  if (memcmp(header.magic, elf_magic, sizeof elf_magic) || header.machine != ELF_RISCV || header.type != ELF_EXECUTABLE)
    return E_NOT_EXEC;
  for (u32 n = 0; n < header.program_count; n++) {
    struct elf_program p;
    if (inode_read(i, header.program_offset + n * sizeof p, &p, sizeof p) != sizeof p) return E_NOT_EXEC;
    i64 error = p.type == SEGMENT_LOAD && p.memory_bytes ? load_segment(s, i, &p) : 0;
    if (error) return error;
  }
  *entry = header.entry;
  return 0;
}

/* The top page of the stack: argv's strings at its end, below them argv itself. */
static bool push_arguments(struct space *s, const struct arguments *a, u64 *sp) {
  u64 vector_bytes = ((u64)a->count + 1) * 8;
  if (a->bytes + vector_bytes + 32 > PAGE_BYTES / 2) return false;
  u8 *page = space_page(s, USER_TOP - PAGE_BYTES, PTE_USER | PTE_READ | PTE_WRITE | PTE_DIRTY);
  if (!page) return false;
  u64 text_at = (PAGE_BYTES - a->bytes) & ~15ul, vector_at = (text_at - vector_bytes) & ~15ul;
  memcpy(page + text_at, a->text, a->bytes);
  u64 *vector = (u64 *)(page + vector_at), in_text = 0;
  for (int n = 0; n < a->count; n++) {
    vector[n] = USER_TOP - PAGE_BYTES + text_at + in_text;
    in_text += strlen(a->text + in_text) + 1;
  }
  vector[a->count] = 0;
  *sp = USER_TOP - PAGE_BYTES + vector_at;
  return true;
}

static void name_task(struct task *t, const char *path) {
  const char *name = path;
  for (const char *at = path; *at; at++)
    if (*at == '/') name = at + 1;
  copy_text(t->name, name, sizeof t->name);
}

static void start_program(struct task *t, struct space *fresh, u64 entry, u64 sp, int count) {
  struct space old = t->space;
  t->space = *fresh;
  task_use_space();
  space_destroy(&old);
  float_reset(t);
  struct trap_frame *frame = t->frame;
  memset(frame, 0, sizeof *frame);
  frame->epc = entry;
  frame->sp = sp;
  frame->a0 = (u64)count;
  frame->a1 = sp;
  frame->status = STATUS_SPIE; /* user mode, interrupts on, floating point off */
}

i64 exec(const char *path, const struct arguments *arguments) {
  struct task *t = current();
  struct inode *i;
  struct space fresh;
  u64 entry = 0, sp = 0;
  i64 error = fs_open(path, 0, &i);
  if (error) return error;
  if (i->disk.type != TYPE_FILE) error = E_NOT_EXEC;
  else if (!space_create(&fresh)) error = E_AGAIN;
  else {
    error = load(&fresh, i, &entry);
    if (!error && !push_arguments(&fresh, arguments, &sp)) error = E_TOO_BIG;
    if (error) space_destroy(&fresh);
  }
  inode_put(i);
  if (error) return error;
  name_task(t, path);
  start_program(t, &fresh, entry, sp, arguments->count);
  return arguments->count; /* becomes a0 */
}
