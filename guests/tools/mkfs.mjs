// Builds the file-system image the perch kernel mounts. The layout is guests/perch/include/disk_layout.h.
// The same files give the same bytes: nothing here depends on time, order of listing or place.

const BLOCK = 1024;
const INODE = 64;
const ENTRY = 32;
const DIRECT = 8;
const INDIRECT = 4;
const PER_TABLE = BLOCK / 4;
const ROOT = 1;
const MAGIC = 'PERCHFS1';
const TYPE_FILE = 1;
const TYPE_DIRECTORY = 2;

/**
 * A disk image holding `files` (path such as "bin/ls" -> contents), with `blocks` blocks of 1 KiB and `inodes` inodes.
 * Throws an Error that names what does not fit.
 */
export function makeFileSystem(files, { blocks, inodes, directories = [] }) {
  const disk = new Disk(blocks, inodes);
  const tree = { name: '', children: new Map() };
  for (const path of directories) makeDirectories(tree, path.split('/'));
  for (const path of [...files.keys()].sort()) {
    const names = path.split('/');
    makeDirectories(tree, names.slice(0, -1)).children.set(names.at(-1), { contents: files.get(path) });
  }
  disk.addDirectory(tree, ROOT);
  return disk.finish();
}

function makeDirectories(tree, names) {
  let at = tree;
  for (const name of names) {
    if (!at.children.has(name)) at.children.set(name, { children: new Map() });
    at = at.children.get(name);
  }
  return at;
}

class Disk {
  constructor(blocks, inodes) {
    this.image = Buffer.alloc(blocks * BLOCK);
    this.blocks = blocks;
    this.inodes = inodes;
    this.bitmapStart = 1;
    this.inodeStart = this.bitmapStart + Math.ceil(blocks / (BLOCK * 8));
    this.dataStart = this.inodeStart + Math.ceil((inodes * INODE) / BLOCK);
    this.nextBlock = this.dataStart;
    this.nextInode = ROOT + 1;
  }

  addDirectory(node, number, parent = number) {
    const names = [...node.children.keys()].sort();
    const numbered = names.map((name) => [name, this.takeInode()]);
    const entries = [['.', number], ['..', parent], ...numbered];
    this.addFile(number, TYPE_DIRECTORY, Buffer.concat(entries.map(([name, inode]) => entry(name, inode))));
    for (const [name, inode] of numbered) {
      const child = node.children.get(name);
      if (child.children) this.addDirectory(child, inode, number);
      else this.addFile(inode, TYPE_FILE, child.contents);
    }
  }

  addFile(number, type, contents) {
    const at = this.inodeStart * BLOCK + number * INODE;
    this.image.writeUInt16LE(type, at);
    this.image.writeUInt16LE(1, at + 2);
    this.image.writeUInt32LE(contents.length, at + 4);
    const count = Math.ceil(contents.length / BLOCK);
    if (count > DIRECT + INDIRECT * PER_TABLE)
      throw new Error(`a file of ${contents.length} bytes is too long`);
    const tables = [];
    for (let index = 0; index < count; index++) {
      const block = this.takeBlock();
      contents.copy(this.image, block * BLOCK, index * BLOCK, (index + 1) * BLOCK);
      this.image.writeUInt32LE(block, this.slot(at, index, tables));
    }
  }

  /** Where in the image the number of a file's block `index` is kept. */
  slot(inodeAt, index, tables) {
    if (index < DIRECT) return inodeAt + 8 + 4 * index;
    const table = Math.floor((index - DIRECT) / PER_TABLE);
    if (tables[table] === undefined) {
      tables[table] = this.takeBlock();
      this.image.writeUInt32LE(tables[table], inodeAt + 8 + 4 * (DIRECT + table));
    }
    return tables[table] * BLOCK + 4 * ((index - DIRECT) % PER_TABLE);
  }

  takeBlock() {
    if (this.nextBlock === this.blocks) throw new Error(`the files do not fit into ${this.blocks} blocks`);
    return this.nextBlock++;
  }

  takeInode() {
    if (this.nextInode === this.inodes) throw new Error(`more files than ${this.inodes} inodes`);
    return this.nextInode++;
  }

  finish() {
    this.image.write(MAGIC, 0, 'latin1');
    const fields = [this.blocks, this.inodes, this.bitmapStart, this.inodeStart, this.dataStart];
    for (const [index, value] of fields.entries()) this.image.writeUInt32LE(value, 8 + 4 * index);
    for (let block = 0; block < this.nextBlock; block++) {
      const byte = this.bitmapStart * BLOCK + (block >> 3);
      this.image[byte] |= 1 << (block & 7);
    }
    return this.image;
  }
}

function entry(name, inode) {
  const bytes = Buffer.alloc(ENTRY);
  if (Buffer.byteLength(name) > ENTRY - 5) throw new Error(`the name ${name} is too long`);
  bytes.writeUInt32LE(inode, 0);
  bytes.write(name, 4, 'utf8');
  return bytes;
}
