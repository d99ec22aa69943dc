/* The terminal: input collected into lines, with editing; output straight to the UART. */
#ifndef CONSOLE_H
#define CONSOLE_H
#include "types.h"

void console_start(void);
void console_interrupt(void);
i64 console_read(u64 to, u64 bytes);
i64 console_write(u64 from, u64 bytes);
/* The process group that ^C ends; 0: none, it only discards the line. */
void console_foreground(int group);
#endif
