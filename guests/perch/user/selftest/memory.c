#include "check.h"

#define PAGES 64

static u64 data[PAGES][PAGE_BYTES / 8];

static int write_all_pages(void) {
  for (int i = 0; i < PAGES; i++) {
    if (data[i][1] != (u64)i) return 1;
    data[i][1] = 1000 + (u64)i;
  }
  for (int i = 0; i < PAGES; i++)
    if (data[i][1] != 1000 + (u64)i) return 2;
  return 0;
}

CHECK(check_copy_on_write) {
  for (int i = 0; i < PAGES; i++) data[i][1] = (u64)i;
  u64 before = free_pages();
  int ends[2];
  char c;
  REQUIRE(pipe(ends) == 0);
  int pid = fork();
  if (pid == 0) {
    close(ends[1]);
    read(ends[0], &c, 1);
    exit(write_all_pages());
  }
  u64 shared = free_pages();
  REQUIRE(before - shared < PAGES / 2); /* the copy is not made yet */
  for (int i = 0; i < PAGES; i += 2) REQUIRE(data[i][1] == (u64)i);
  close(ends[1]);
  REQUIRE(ending_of(pid).code == 0);
  for (int i = 0; i < PAGES; i++) REQUIRE(data[i][1] == (u64)i);
  for (int i = 0; i < 3; i++) REQUIRE(in_child(write_all_pages) == 0);
  close(ends[0]);
  REQUIRE(free_pages() + 4 >= before);
  return NULL;
}

CHECK(check_lazy_heap) {
  const u64 size = 16ul << 20;
  u64 before = free_pages();
  u8 *heap = sbrk((i64)size);
  REQUIRE(heap != NULL);
  REQUIRE(free_pages() == before);
  heap[0] = 1;
  heap[size / 2] = 2;
  heap[size - 1] = 3;
  REQUIRE(heap[1] == 0 && heap[size / 2 + 1] == 0 && heap[0] == 1 && heap[size / 2] == 2 && heap[size - 1] == 3);
  REQUIRE(before - free_pages() < 16);
  REQUIRE(sbrk(-(i64)size) == heap + size);
  REQUIRE(free_pages() + 8 >= before);
  REQUIRE(sbrk((i64)PAGE_BYTES) == heap && heap[0] == 0);
  REQUIRE(sbrk(1l << 40) == NULL && sbrk(-(1l << 40)) == NULL);
  return NULL;
}

static u64 deep(int levels) {
  volatile u64 room[64];
  room[levels % 64] = (u64)levels;
  return levels ? deep(levels - 1) + room[levels % 64] : 0;
}

static int too_deep(void) { return (int)deep(100000000); }

CHECK(check_stack) {
  REQUIRE(deep(300) == 300 * 301 / 2);
  int pid = fork();
  if (pid == 0) exit(too_deep());
  REQUIRE(ending_of(pid).reason == ENDED_FAULT + 15);
  return NULL;
}

/* ---- faults ---- */

#define KERNEL_ADDRESS 0x80001000ul
#define DEVICE_ADDRESS 0x10000000ul
#define UNMAPPED_ADDRESS 0x5000000000ul

static void load(u64 address) { (void)*(volatile u64 *)address; }
static void store(u64 address) { *(volatile u64 *)address = 1; }
static void jump(u64 address) { ((void (*)(void))address)(); }
static void illegal(u64 unused) {
  (void)unused;
  __asm__ volatile(".word 0");
}
static void breakpoint(u64 unused) {
  (void)unused;
  __asm__ volatile("ebreak");
}
static void read_satp(u64 unused) {
  (void)unused;
  __asm__ volatile("csrr t0, satp" ::: "t0");
}
static void write_time(u64 unused) {
  (void)unused;
  __asm__ volatile("csrw 0xc01, zero");
}
static void return_to_supervisor(u64 unused) {
  (void)unused;
  __asm__ volatile("sret");
}
static void flush(u64 unused) {
  (void)unused;
  __asm__ volatile("sfence.vma");
}

enum { ILLEGAL = 2, BREAKPOINT = 3, FETCH = 12, LOAD = 13, STORE = 15 };

static const struct {
  void (*act)(u64);
  u64 address;
  int cause;
} faults[] = {
    {load, 0, LOAD}, {store, 8, STORE}, {load, KERNEL_ADDRESS, LOAD}, {store, KERNEL_ADDRESS, STORE},
    {jump, KERNEL_ADDRESS, FETCH}, {load, DEVICE_ADDRESS, LOAD}, {store, DEVICE_ADDRESS, STORE}, {jump, 0, FETCH},
    {store, 0x40000100, STORE}, {jump, (u64)data, FETCH}, {load, 0x7f000000, LOAD},
    {load, ~7ul, LOAD}, {illegal, 0, ILLEGAL}, {breakpoint, 0, BREAKPOINT}, {read_satp, 0, ILLEGAL},
    {write_time, 0, ILLEGAL}, {return_to_supervisor, 0, ILLEGAL}, {flush, 0, ILLEGAL}, {load, UNMAPPED_ADDRESS, LOAD},
};

CHECK(check_faults) {
  data[0][0] = 0; /* present, so that a jump there is refused for what it is */
  for (u64 i = 0; i < COUNT(faults); i++) {
    int pid = fork();
    if (pid == 0) {
      faults[i].act(faults[i].address);
      exit(0);
    }
    struct wait_result r = ending_of(pid);
    bool right = r.reason == ENDED_FAULT + faults[i].cause;
    if (right && faults[i].cause >= FETCH) right = r.value == faults[i].address;
    if (!right) {
      note("fault %ld", i);
      note("reason %ld", (u64)r.reason);
      note("stval %p", r.value);
    }
    REQUIRE(right);
  }
  return NULL;
}

CHECK(check_bad_pointers) {
  static const u64 bad[] = {0, KERNEL_ADDRESS, DEVICE_ADDRESS, 0x7f000000, ~0ul - 4, UNMAPPED_ADDRESS};
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  for (u64 i = 0; i < COUNT(bad); i++) {
    void *pointer = (void *)bad[i];
    REQUIRE(write(1, pointer, 8) == E_FAULT);
    REQUIRE(write(ends[1], pointer, 8) == E_FAULT);
    REQUIRE(open(pointer, OPEN_READ) == E_FAULT);
    REQUIRE(exec("/bin/echo", pointer) == E_FAULT);
    REQUIRE(pipe(pointer) == E_FAULT);
    REQUIRE(system(pointer) == E_FAULT);
  }
  int file = open("/motd", OPEN_READ);
  REQUIRE(file >= 0 && read(file, (void *)0x40000100, 8) == E_FAULT); /* our own code is not ours to write */
  /* A buffer nobody touched yet: the kernel's own access fills the page, the second one in the middle of the copy. */
  char *lazy = sbrk(2 * (i64)PAGE_BYTES);
  REQUIRE(read(file, lazy + PAGE_BYTES - 4, 8) == 8 && !memcmp(lazy + PAGE_BYTES - 4, "Perch is", 8));
  return NULL;
}
