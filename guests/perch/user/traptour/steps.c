#include "tour.h"

static void cost(const struct probe_result *r) {
  print("  it took the kernel %ld instructions and %ld ticks of the timer\n", r->instructions, r->time);
}

static void act_ecall(void) {
  u64 first = mark();
  int pid = getpid();
  print("  getpid() = %d: a7 held %d, the answer came back in a0\n", pid, CALL_getpid);
  show_trap(first + 1, 8, 1, pid); /* the first record is the end of mark() itself */
}

static void act_lazy_page(void) {
  volatile u64 *page = sbrk(2 * (i64)PAGE_BYTES);
  page = (volatile u64 *)(((u64)page + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
  u64 first = mark();
  page[3] = 7;
  print("  stored 7 at %p; the kernel filled the page in and the store was made again\n", (u64)&page[3]);
  show_trap(first, 15, 1, getpid());
}

static volatile u64 shared_word = 1;

static void act_copy_on_write(void) {
  u64 first = mark();
  int pid = fork();
  if (pid == 0) {
    shared_word = 2;
    exit((int)shared_word);
  }
  struct wait_result r;
  wait(&r, 0);
  print("  the child (pid %d) wrote %d; here the word is still %ld\n", pid, r.code, shared_word);
  show_trap(first, 15, 1, pid);
}

static void act_float(void) {
  u64 first = mark();
  int pid = fork();
  if (pid == 0) {
    __asm__ volatile("fmv.d.x ft0, zero" ::: "ft0");
    exit(0);
  }
  wait(NULL, 0);
  show_trap(first, 2, 1, pid);
}

static void act_timer(void) {
  struct system_info info;
  system(&info);
  u64 first = info.traps, end = read_time() + 4 * info.quantum_ms * (info.timebase_hz / 1000), turns = 0;
  while (read_time() < end) turns++;
  print("  turned in a loop %ld times, never calling the kernel\n", turns);
  show_trap(first, INTERRUPT_BIT | 5, 1, 0);
  if (!info.sstc) show_trap(first, INTERRUPT_BIT | 7, 3, 0);
}

static void act_csr(void) {
  struct probe_result r;
  probe(PROBE_CSR, &r);
  print("  csrw sscratch <- 0x%016lx\n  csrr sscratch -> 0x%016lx\n", r.value[0], r.value[1]);
  print("  sstatus 0x%016lx  stvec 0x%016lx  sie 0x%lx\n", r.value[2], r.value[3], r.value[4]);
  cost(&r);
}

static void act_satp(void) {
  struct probe_result r, fence;
  probe(PROBE_SATP, &r);
  probe(PROBE_FENCE, &fence);
  print("  satp was 0x%016lx  mode %ld (Sv39), address space %ld, root table at %p\n", r.value[0], r.value[0] >> 60,
        r.value[0] >> 44 & 0xffff, (r.value[0] & 0xfffffffffff) << 12);
  print("  then     0x%016lx  the kernel's own table, address space 0\n", r.value[1]);
  print("  and back 0x%016lx\n", r.value[2]);
  print("  sfence.vma %p, %ld  forgets one page of one address space\n", fence.value[0], fence.value[1]);
  cost(&r);
}

static void act_uart(void) {
  struct probe_result r;
  probe(PROBE_UART, &r);
  print("  lbu from %p, the UART's line status, gave 0x%lx%s\n", r.value[0], r.value[1],
        r.value[1] & 0x20 ? " (bit 5: it can take another byte)" : "");
  cost(&r);
}

static void act_disk(void) {
  struct probe_result r;
  u64 first = mark();
  probe(PROBE_DISK, &r);
  print("  sw to %p rang the queue's doorbell; block %ld begins with 0x%016lx (\"PERCHFS1\")\n", r.value[0], r.value[1],
        r.value[2]);
  print("  the answer came as interrupt %ld of the PLIC:\n", r.value[3]);
  show_trap(first, INTERRUPT_BIT | 9, 1, 0);
  cost(&r);
}

static void act_ipi(void) {
  struct probe_result r;
  u64 first = mark();
  probe(PROBE_IPI, &r);
  print("  sw 1 to %p, the CLINT's MSIP of hart %ld\n", r.value[0], r.value[1]);
  show_trap(first, INTERRUPT_BIT | 3, 3, 0);
  show_trap(first, INTERRUPT_BIT | 1, 1, 0);
}

static void act_machine(void) {
  struct probe_result r;
  u64 first = mark();
  probe(PROBE_ECALL, &r);
  print("  M-mode answered %ld\n", r.value[0]);
  show_trap(first, 9, 3, 0);
  first = mark();
  probe(PROBE_MACHINE, &r);
  print("  then the kernel loaded from %p, M-mode's stack:\n", r.value[0]);
  show_trap(first, 5, 1, getpid());
}

static void act_fault(void) {
  u64 first = mark();
  int pid = fork();
  u64 nowhere = 16;
  __asm__ volatile("" : "+r"(nowhere)); /* the compiler must not see that this is wrong */
  if (pid == 0) exit(*(volatile int *)nowhere);
  struct wait_result r;
  wait(&r, 0);
  print("  the child (pid %d) is gone: reason 0x%x, pc %p, address %p\n", pid, (u32)r.reason, r.pc, r.value);
  show_trap(first, 13, 1, pid);
}

const struct step steps[] = {
    {"A system call", "This program asks the kernel for its process id with the instruction ecall.", act_ecall,
     "medeleg bit 8 sends it straight to S-mode: the hart writes scause, sepc and sstatus and jumps to stvec.",
     "the hart is really in user mode for the kernel too. ecall reaches the monitor first, which writes the same\n"
     "    registers into its shadow of them and lets the guest go on at its stvec, believing it is in S-mode."},
    {"A page that is not there yet", "The heap grows by two pages, which costs nothing; then a store touches one.", act_lazy_page,
     "the page walk finds no entry: store page fault to S-mode. The kernel maps a zeroed page and returns.",
     "the page fault comes to the monitor, which walks the guest's table, finds nothing there either and passes it\n"
     "    on. After the guest mapped the page, the same store faults once more, unseen by the guest: now the monitor\n"
     "    copies the guest's entry into the shadow table the hart really uses."},
    {"Copy-on-write", "fork() shares all pages read-only. The child now writes one.", act_copy_on_write,
     "the entry lacks W: store page fault. The kernel copies the page, sets W and forgets the old translation.",
     "as before. The guest's stores into its own page table are seen too, so that the shadow never shows old rights."},
    {"Floating point, first use", "A process starts with FS = Off; its first floating-point instruction follows.", act_float,
     "illegal instruction to S-mode: the kernel loads the f registers, sets FS and has it executed again.",
     "the monitor keeps the real FS as the guest wants it, so the trap is real; it only has to pass it on."},
    {"The timer", "This program now turns in a loop until the clock has moved on by four quanta.", act_timer,
     "time passed stimecmp (or the CLINT's mtimecmp, then M-mode is first): the kernel may give the hart to another.",
     "the monitor has the real timer. It stops the hart at the guest's deadline and injects the interrupt, if the\n"
     "    guest's sstatus and sie allow it."},
    {"CSR access", "The kernel writes sscratch and reads it back, on this program's behalf.", act_csr,
     "nothing traps: S-mode may do that.",
     "each of these instructions is illegal in user mode. The monitor decodes it, does it on the shadow register and\n"
     "    continues behind it. The values above came from there."},
    {"Another page table", "The kernel writes satp with its own table, then back, and fences one page.", act_satp,
     "nothing traps. The next fetch already goes through the new table, where the kernel is at the same place.",
     "the write traps. The hart's real satp gets the shadow table that belongs to the new root; the guest's number is\n"
     "    only remembered, and shown when it reads satp."},
    {"A device register", "The kernel loads one byte from the UART.", act_uart,
     "nothing traps: the load goes out on the bus.",
     "the page is mapped to a window of the virtual machine's own devices; the load ends in the virtual UART."},
    {"A disk request", "The kernel describes a read in memory, rings the device, sleeps, and is interrupted.", act_disk,
     "one store, then nothing until the PLIC raises the external interrupt.",
     "the store reaches the virtual disk, which reads the request and writes the data with the guest's addresses,\n"
     "    each checked; then the interrupt is injected when the guest has it enabled."},
    {"From one hart to another", "The kernel raises a software interrupt, here on its own hart.", act_ipi,
     "the CLINT can only raise M-mode's. Perch's few lines in M-mode turn it into S-mode's: two traps.",
     "both are virtual: the monitor enters the guest's M-mode (also user mode in truth), and its csrs mip and mret\n"
     "    trap like every other privileged instruction."},
    {"Above the kernel", "The kernel itself executes ecall; then it loads from memory that PMP keeps for M-mode.", act_machine,
     "medeleg bit 9 is clear: M-mode gets the ecall. The load is an access fault, whatever the page table says.",
     "ecall goes to the guest's virtual M-mode. The guest's PMP is virtual too: the monitor consults it before it\n"
     "    fills a shadow entry."},
    {"A mistake", "A child loads from address 16, where nothing is.", act_fault,
     "load page fault to S-mode; the kernel finds no reason to map anything and ends the process.",
     "passed on, as with the first page: what is not mapped in the guest's table is the guest's own affair."},
};

const int step_count = (int)COUNT(steps);
