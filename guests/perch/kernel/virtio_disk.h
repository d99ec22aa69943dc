/* A virtio block device behind the modern (version 2) memory-mapped transport; one request at a time. */
#ifndef VIRTIO_DISK_H
#define VIRTIO_DISK_H
#include "types.h"

#define SECTOR_BYTES 512

/* Finds and starts the first one; false when there is none. */
bool disk_start(void);
/* These wait, so only tasks call them. The buffer is kernel memory. */
void disk_read(u64 sector, void *to, u32 bytes);
void disk_write(u64 sector, void *from, u32 bytes);
void disk_flush(void);
void disk_interrupt(void);
u32 disk_irq(void);
u64 disk_sectors(void);
bool disk_is_read_only(void);
u64 disk_doorbell_address(void);
#endif
