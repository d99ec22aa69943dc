/** A file of an initramfs. */
export interface CpioEntry {
  /** Path without a leading slash. */
  readonly path: string;
  /** File type and permission bits, as `st_mode`. */
  readonly mode: number;
  /** Contents of a file, target of a symbolic link. */
  readonly data?: Uint8Array;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
}

/** File types in `mode`. */
export const FileType = { directory: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000 } as const;

const TRAILER: CpioEntry = { path: 'TRAILER!!!', mode: 0 };
const align4 = (bytes: number): number => (bytes + 3) & ~3;

/** A cpio archive in the "newc" form (Linux, "initramfs buffer format"): every number eight hexadecimal digits. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = [...entries, TRAILER].map((entry, index) => encode(entry, index + 1));
  const archive = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

function encode(
  { path, mode, data = new Uint8Array(0), device = [0, 0] }: CpioEntry,
  inode: number,
): Uint8Array {
  const name = new TextEncoder().encode(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, device[0], device[1], name.length, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const header = new TextEncoder().encode(`070701${digits}`);
  const dataAt = align4(header.length + name.length);
  const entry = new Uint8Array(dataAt + align4(data.length));
  entry.set(header);
  entry.set(name, header.length);
  entry.set(data, dataAt);
  return entry;
}
