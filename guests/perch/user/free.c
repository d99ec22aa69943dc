#include "user.h"

int main(void) {
  struct system_info info;
  int error = system(&info);
  if (error) return complain("free", "system", error);
  u64 page_kib = PAGE_BYTES / 1024;
  print("memory %7ld KiB, %7ld KiB for pages, %7ld KiB free\n", info.memory_bytes / 1024, info.page_count * page_kib,
        info.pages_free * page_kib);
  print("disk   %7ld KiB, %7ld KiB free\n", info.disk_blocks, info.disk_blocks_free);
  return 0;
}
