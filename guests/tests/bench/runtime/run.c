/* On the bare machine: runs the benchmark, prints when it begins and how it ended, and switches the board off: code 0 if
 * the checksum is right. The kernel command line may say how many rounds: `rounds=N`. */
#include "bench.h"

#define UART ((volatile u8 *)0x10000000)
#define UART_STATUS 5
#define UART_CAN_SEND 0x20
#define FINISHER ((volatile u32 *)0x100000)
#define FINISHER_PASS 0x5555
#define FINISHER_FAIL(code) (0x3333 | (u32)(code) << 16)

static void put(char c) {
  while (!(UART[UART_STATUS] & UART_CAN_SEND)) continue;
  UART[0] = (u8)c;
}

static void print_text(const char *text) {
  while (*text) put(*text++);
}

static void print_base(u64 value, u64 base) {
  char digits[21];
  int at = sizeof digits - 1;
  digits[at] = 0;
  do digits[--at] = "0123456789abcdef"[value % base];
  while (value /= base);
  print_text(digits + at);
}

static void print_number(u64 value) { print_base(value, 10); }

static void print_hex(u64 value) {
  print_text("0x");
  print_base(value, 16);
}

static void finish(u32 word) {
  *FINISHER = word;
  for (;;) __asm__ volatile("wfi");
}

void report_trap(u64 cause, u64 pc, u64 value) {
  print_text("trapped: mcause ");
  print_hex(cause);
  print_text(", mepc ");
  print_hex(pc);
  print_text(", mtval ");
  print_hex(value);
  print_text("\n");
  finish(FINISHER_FAIL(2));
}

#define COUNTER(name) ({ u64 counter; __asm__ volatile("csrr %0, " name : "=r"(counter)::"memory"); counter; })

#define DEVICE_TREE_MAGIC 0xd00dfeed

static u32 big_endian(const u8 *at) { return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3]; }

static int begins_with(const u8 *at, const char *text) {
  while (*text && *at == (u8)*text) at++, text++;
  return !*text;
}

/* The number after `rounds=`, wherever in the device tree it stands: only the command line says such things. */
static u64 wanted_rounds(const u8 *tree) {
  u64 rounds = 0;
  if (!tree || big_endian(tree) != DEVICE_TREE_MAGIC) return 1;
  const u8 *end = tree + big_endian(tree + 4) - sizeof "rounds=";
  while (tree < end && !begins_with(tree, "rounds=")) tree++;
  if (tree < end)
    for (tree += sizeof "rounds=" - 1; *tree >= '0' && *tree <= '9'; tree++) rounds = rounds * 10 + (u64)(*tree - '0');
  return rounds ? rounds : 1;
}

static u64 all_rounds(u64 rounds) {
  u64 checksum = bench_checksum;
  while (rounds-- && checksum == bench_checksum) checksum = bench();
  return checksum;
}

void run(u64 hart, const u8 *device_tree) {
  (void)hart;
  u64 rounds = wanted_rounds(device_tree);
  if (bench_prepare) bench_prepare();
  print_text(bench_name);
  print_text(": begin\n");
  u64 cycles = COUNTER("mcycle"), instructions = COUNTER("minstret");
  u64 checksum = all_rounds(rounds);
  instructions = COUNTER("minstret") - instructions;
  cycles = COUNTER("mcycle") - cycles;
  print_text(bench_name);
  print_text(": checksum ");
  print_hex(checksum);
  print_text(checksum == bench_checksum ? " ok, " : " WRONG, ");
  print_number(cycles);
  print_text(" cycles, ");
  print_number(instructions);
  print_text(" instret\n");
  finish(checksum == bench_checksum ? FINISHER_PASS : FINISHER_FAIL(1));
}
