#include "virtio_disk.h"
#include "memory_map.h"
#include "panic.h"
#include "plic.h"
#include "riscv.h"
#include "wait_queue.h"

/* Registers of the transport (virtio 1.2, "MMIO Device Register Layout"). */
enum {
  MAGIC = 0x00, VERSION = 0x04, DEVICE_ID = 0x08,
  DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SELECT = 0x14, DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SELECT = 0x24,
  QUEUE_SELECT = 0x30, QUEUE_SIZE_MOST = 0x34, QUEUE_SIZE = 0x38, QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50,
  INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70,
  QUEUE_DESCRIPTORS = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, CONFIG = 0x100,
};

#define VIRTIO_MAGIC 0x74726976u
#define ID_BLOCK 2
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define FEATURE_READ_ONLY (1u << 5)
#define FEATURE_FLUSH (1u << 9)
#define FEATURE_VERSION_1 (1u << 0) /* in the second word */

enum { REQUEST_READ = 0, REQUEST_WRITE = 1, REQUEST_FLUSH = 4 };
#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_DEVICE_WRITES 2
#define QUEUE_LENGTH 4 /* header, data, status; a power of two */

struct descriptor {
  u64 address;
  u32 bytes;
  u16 flags, next;
};

static struct {
  u64 base;
  u32 irq;
  bool read_only, can_flush;
  u64 sectors;
  struct descriptor descriptors[QUEUE_LENGTH] __attribute__((aligned(16)));
  struct {
    u16 flags, index, ring[QUEUE_LENGTH], event;
  } available __attribute__((aligned(2)));
  struct {
    u16 flags, index;
    struct {
      u32 id, bytes;
    } ring[QUEUE_LENGTH];
    u16 event;
  } used __attribute__((aligned(4)));
  struct {
    u32 type, reserved;
    u64 sector;
  } header;
  u8 status;

  struct mutex turn;        /* whose request it is */
  struct spinlock lock;     /* done, between the task and the interrupt */
  struct wait_queue waiter;
  bool done;
} disk = {.turn = MUTEX("disk"), .lock = SPINLOCK("disk")};

static u32 get(u64 offset) { return mmio_read32(disk.base + offset); }
static void put(u64 offset, u32 value) { mmio_write32(disk.base + offset, value); }

static void put_address(u64 offset, const void *address) {
  put(offset, (u32)(u64)address);
  put(offset + 4, (u32)((u64)address >> 32));
}

static bool find(void) {
  for (int slot = 0; slot < VIRTIO_SLOTS; slot++) {
    disk.base = VIRTIO_BASE + (u64)slot * VIRTIO_STRIDE;
    disk.irq = (u32)(VIRTIO_FIRST_IRQ + slot);
    if (get(MAGIC) == VIRTIO_MAGIC && get(VERSION) == 2 && get(DEVICE_ID) == ID_BLOCK) return true;
  }
  return false;
}

static void negotiate(void) {
  put(STATUS, 0);
  put(STATUS, STATUS_ACKNOWLEDGE);
  put(STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  put(DEVICE_FEATURES_SELECT, 0);
  u32 offered = get(DEVICE_FEATURES);
  disk.read_only = offered & FEATURE_READ_ONLY;
  disk.can_flush = offered & FEATURE_FLUSH;
  put(DRIVER_FEATURES_SELECT, 0);
  put(DRIVER_FEATURES, offered & (FEATURE_READ_ONLY | FEATURE_FLUSH));
  put(DRIVER_FEATURES_SELECT, 1);
  put(DRIVER_FEATURES, FEATURE_VERSION_1);
  put(STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
  if (!(get(STATUS) & STATUS_FEATURES_OK)) panic("the disk refuses our features (it offers %p)", (u64)offered);
}

static void set_queue_up(void) {
  put(QUEUE_SELECT, 0);
  if (get(QUEUE_SIZE_MOST) < QUEUE_LENGTH) panic("the disk's queue is too short");
  put(QUEUE_SIZE, QUEUE_LENGTH);
  put_address(QUEUE_DESCRIPTORS, disk.descriptors);
  put_address(QUEUE_DRIVER, &disk.available);
  put_address(QUEUE_DEVICE, &disk.used);
  put(QUEUE_READY, 1);
}

bool disk_start(void) {
  if (!find()) return false;
  negotiate();
  set_queue_up();
  disk.sectors = get(CONFIG) | (u64)get(CONFIG + 4) << 32;
  put(STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
  plic_enable(disk.irq);
  return true;
}

/* Chain: header (device reads), data unless flushing, status byte (device writes). */
static void describe(u32 type, void *data, u32 bytes) {
  u16 last = bytes ? 2 : 1;
  disk.descriptors[0] = (struct descriptor){(u64)&disk.header, sizeof disk.header, DESCRIPTOR_NEXT, 1};
  if (bytes) {
    u16 direction = type == REQUEST_READ ? DESCRIPTOR_DEVICE_WRITES : 0;
    disk.descriptors[1] = (struct descriptor){(u64)data, bytes, (u16)(DESCRIPTOR_NEXT | direction), 2};
  }
  disk.descriptors[last] = (struct descriptor){(u64)&disk.status, 1, DESCRIPTOR_DEVICE_WRITES, 0};
}

static void request(u32 type, u64 sector, void *data, u32 bytes) {
  mutex_lock(&disk.turn);
  disk.header.type = type;
  disk.header.reserved = 0;
  disk.header.sector = sector;
  disk.status = 0xff;
  describe(type, data, bytes);
  lock(&disk.lock);
  disk.done = false;
  disk.available.ring[disk.available.index % QUEUE_LENGTH] = 0;
  fence_all(); /* the chain is written before the device may see its number */
  *(volatile u16 *)&disk.available.index = (u16)(disk.available.index + 1);
  fence_all();
  put(QUEUE_NOTIFY, 0);
  while (!disk.done) wait_on(&disk.waiter, &disk.lock);
  unlock(&disk.lock);
  u8 status = *(volatile u8 *)&disk.status;
  mutex_unlock(&disk.turn);
  if (status) panic("disk request %d at sector %ld failed with status %d", type, sector, status);
}

void disk_interrupt(void) {
  lock(&disk.lock);
  put(INTERRUPT_ACK, get(INTERRUPT_STATUS) & 3);
  fence_all();
  if (*(volatile u16 *)&disk.used.index == disk.available.index) {
    disk.done = true;
    wake_all(&disk.waiter);
  }
  unlock(&disk.lock);
}

void disk_read(u64 sector, void *to, u32 bytes) { request(REQUEST_READ, sector, to, bytes); }
void disk_write(u64 sector, void *from, u32 bytes) { request(REQUEST_WRITE, sector, from, bytes); }
void disk_flush(void) {
  if (disk.can_flush) request(REQUEST_FLUSH, 0, NULL, 0);
}
u32 disk_irq(void) { return disk.base ? disk.irq : 0; }
u64 disk_sectors(void) { return disk.sectors; }
bool disk_is_read_only(void) { return disk.read_only; }
u64 disk_doorbell_address(void) { return disk.base + QUEUE_NOTIFY; }
