#include "uart.h"
#include "memory_map.h"
#include "riscv.h"
#include "spinlock.h"

/* Register offsets; the first two change meaning while LCR.DLAB is set. */
enum {
  DATA = 0, DIVISOR_LOW = 0,
  INTERRUPT_ENABLE = 1, DIVISOR_HIGH = 1,
  FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5,
};

#define LINE_8N1 0x03
#define LINE_DLAB 0x80
#define FIFO_ON_AND_CLEAR 0x07
#define INTERRUPT_ON_RECEIVE 0x01
#define STATUS_RECEIVED 0x01
#define STATUS_CAN_SEND 0x20
#define FIFO_BYTES 16

static u8 reg_read(u64 offset) { return mmio_read8(UART_BASE + offset); }
static void reg_write(u64 offset, u8 value) { mmio_write8(UART_BASE + offset, value); }

void uart_start(void) {
  reg_write(INTERRUPT_ENABLE, 0);
  reg_write(LINE_CONTROL, LINE_8N1 | LINE_DLAB);
  reg_write(DIVISOR_LOW, 1);
  reg_write(DIVISOR_HIGH, 0);
  reg_write(LINE_CONTROL, LINE_8N1);
  reg_write(FIFO_CONTROL, FIFO_ON_AND_CLEAR);
  reg_write(INTERRUPT_ENABLE, INTERRUPT_ON_RECEIVE);
}

/* Once the transmitter is empty its FIFO takes 16 bytes, so its status is asked once per 16. */
void uart_write_unlocked(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i % FIFO_BYTES == 0)
      while (!(reg_read(LINE_STATUS) & STATUS_CAN_SEND)) relax();
    reg_write(DATA, (u8)bytes[i]);
  }
}

void uart_write(const char *bytes, size_t count) {
  static struct spinlock output = SPINLOCK("uart output");
  lock(&output);
  uart_write_unlocked(bytes, count);
  unlock(&output);
}

int uart_get(void) { return reg_read(LINE_STATUS) & STATUS_RECEIVED ? reg_read(DATA) : -1; }

u64 uart_status_address(void) { return UART_BASE + LINE_STATUS; }
