/* The 16550A serial port: polled output, interrupt-driven input. */
#ifndef UART_H
#define UART_H
#include "types.h"

void uart_start(void);
/* The bytes come out together, whatever other harts write. */
void uart_write(const char *bytes, size_t count);
/* For panics: waits for no hart. */
void uart_write_unlocked(const char *bytes, size_t count);
/* The next received byte, or -1. */
int uart_get(void);
u64 uart_status_address(void);
#endif
