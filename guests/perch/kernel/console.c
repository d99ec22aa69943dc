#include "console.h"
#include "abi.h"
#include "memory_map.h"
#include "plic.h"
#include "spinlock.h"
#include "task.h"
#include "uart.h"

#define CONTROL(letter) ((letter) - '@')
#define BACKSPACE 8
#define DELETE 127
#define INPUT_BYTES 256

/*
 * A ring: characters before `edit_start` are finished lines, those from there to `end` can still be edited. The counters
 * only grow; their value modulo the size is the place.
 */
static struct {
  struct spinlock lock;
  char ring[INPUT_BYTES];
  u32 read, edit_start, end;
  struct wait_queue readers;
  int foreground;
  bool last_was_return;
} input = {.lock = SPINLOCK("console")};

void console_start(void) { plic_enable(UART_IRQ); }

void console_foreground(int group) { __atomic_store_n(&input.foreground, group, __ATOMIC_RELAXED); }

static char *place(u32 counter) { return &input.ring[counter % INPUT_BYTES]; }

static void rub_out(void) {
  input.end--;
  uart_write("\b \b", 3);
}

static void finish_line(void) {
  input.edit_start = input.end;
  wake_all(&input.readers);
}

static void erase_line(void) {
  while (input.end != input.edit_start) rub_out();
}

static void erase_word(void) {
  while (input.end != input.edit_start && *place(input.end - 1) == ' ') rub_out();
  while (input.end != input.edit_start && *place(input.end - 1) != ' ') rub_out();
}

static void interrupt_foreground(void) {
  int foreground = __atomic_load_n(&input.foreground, __ATOMIC_RELAXED);
  uart_write("^C\n", 3);
  input.end = input.edit_start;
  if (foreground) {
    task_kill_group(foreground, ENDED_INTERRUPT);
  } else if (input.end - input.read < INPUT_BYTES) {
    *place(input.end++) = '\n'; /* nobody to end: an empty line brings the shell's prompt back */
    finish_line();
  }
}

static void append(char c) {
  bool last_place = input.end - input.read == INPUT_BYTES - 1;
  if (input.end - input.read == INPUT_BYTES || (last_place && c != '\n' && c != CONTROL('D'))) return;
  *place(input.end++) = c;
  if (c != CONTROL('D')) uart_write(&c, 1);
  if (c == '\n' || c == CONTROL('D')) finish_line();
}

static void take(char c) {
  bool after_return = input.last_was_return;
  input.last_was_return = c == '\r';
  switch (c) {
    case CONTROL('C'): interrupt_foreground(); break;
    case CONTROL('U'): erase_line(); break;
    case CONTROL('W'): erase_word(); break;
    case BACKSPACE:
    case DELETE:
      if (input.end != input.edit_start) rub_out();
      break;
    case '\r': append('\n'); break;
    case '\n':
      if (!after_return) append('\n'); /* a terminal that sends both means one line */
      break;
    case '\t': append(' '); break;
    default:
      if (c == CONTROL('D') || (u8)c >= ' ') append(c);
  }
}

void console_interrupt(void) {
  lock(&input.lock);
  for (int c; (c = uart_get()) >= 0;) take((char)c);
  unlock(&input.lock);
}

/* One line at most; 0 at the end of input (^D on an empty line). */
i64 console_read(u64 to, u64 bytes) {
  char line[INPUT_BYTES];
  u64 count = 0;
  bytes = MIN(bytes, sizeof line);
  lock(&input.lock);
  while (input.read == input.edit_start) {
    if (!wait_unless_killed(&input.readers, &input.lock)) {
      unlock(&input.lock);
      return E_INTERRUPTED;
    }
  }
  while (count < bytes && input.read != input.edit_start) {
    char c = *place(input.read);
    if (c == CONTROL('D')) {
      if (count == 0) input.read++; /* after text it ends this read and the next one finds it */
      break;
    }
    input.read++;
    line[count++] = c;
    if (c == '\n') break;
  }
  unlock(&input.lock);
  return copy_to_user(to, line, count) ? (i64)count : E_FAULT;
}

i64 console_write(u64 from, u64 bytes) {
  char part[128];
  for (u64 done = 0; done < bytes;) {
    u64 count = MIN(bytes - done, sizeof part);
    if (!copy_from_user(part, from + done, count)) return done ? (i64)done : E_FAULT;
    uart_write(part, count);
    done += count;
  }
  return (i64)bytes;
}
