/*
 * Physical addresses of the board, and how the kernel lays out virtual addresses.
 *
 * One page table per process; the first and third gigabytes (and what follows) are the kernel's and are the same in
 * every table, mapped one to one; the second gigabyte is the process's own:
 *
 *   0x0000_0000  devices, kernel only
 *   0x4000_0000  user: program, heap ->        <- stack
 *   0x8000_0000  RAM, kernel only (kernel image first)
 *
 * So a trap from a program changes privilege and nothing else: the kernel is already mapped, and no satp write is
 * needed until another process runs.
 */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#define FINISHER_BASE 0x00100000UL
#define CLINT_BASE 0x02000000UL
#define PLIC_BASE 0x0c000000UL
#define UART_BASE 0x10000000UL
#define UART_IRQ 10
#define VIRTIO_BASE 0x10001000UL
#define VIRTIO_STRIDE 0x1000UL
#define VIRTIO_SLOTS 8
#define VIRTIO_FIRST_IRQ 1

#define RAM_BASE 0x80000000UL
#define RAM_DEFAULT_BYTES (64UL << 20) /* when there is no device tree */
#define TIMEBASE_DEFAULT_HZ 10000000UL
#define RAM_MOST_BYTES (8UL << 30)

#define USER_BASE 0x40000000UL
#define USER_TOP 0x80000000UL
#define USER_STACK_BYTES (256UL << 10)
#define USER_STACK_BASE (USER_TOP - USER_STACK_BYTES)

/* Stacks inside the kernel image; the assembly needs these numbers too. */
#define MACHINE_STACK_BYTES 1024
#define TASK_STACK_BYTES 8192
#endif
