/*
 * The file system on the disk. guests/tools/mkfs.mjs writes the same layout.
 *
 *   block 0        superblock
 *   bitmap         one bit per block, 1: in use
 *   inodes         64 bytes each; number 0 is never used, number 1 is the root directory
 *   data           everything else
 *
 * All numbers are little-endian. A directory is a file of struct directory_entry (abi.h) with "." and "..".
 */
#ifndef DISK_LAYOUT_H
#define DISK_LAYOUT_H
#include "types.h"

#define BLOCK_BYTES 1024u
#define FS_MAGIC 0x3153464843524550ul /* "PERCHFS1" */
#define ROOT_INODE 1u
#define DIRECT_BLOCKS 8u
#define INDIRECT_BLOCKS 4u
#define ENTRIES_PER_BLOCK (BLOCK_BYTES / 4)
#define MAX_FILE_BLOCKS (DIRECT_BLOCKS + INDIRECT_BLOCKS * ENTRIES_PER_BLOCK) /* 1032 KiB */

struct superblock {
  u64 magic;
  u32 block_count;
  u32 inode_count;
  u32 bitmap_start;
  u32 inode_start;
  u32 data_start;
};

struct disk_inode {
  u16 type; /* enum file_type */
  u16 links;
  u32 size;
  u32 direct[DIRECT_BLOCKS];
  u32 indirect[INDIRECT_BLOCKS]; /* each a block of block numbers */
  u32 reserved[2];
};

#define INODES_PER_BLOCK (BLOCK_BYTES / sizeof(struct disk_inode))
#endif
