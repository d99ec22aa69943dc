import { type DiskBackend, MemoryDisk, type NamedFile } from '@trapline/machine';
import { BlockStore, blockBytes, ForeignStore, type SyncFile } from './block-store.ts';
import { digest } from './file-shelf.ts';
import { KeptDisk } from './kept-disk.ts';

/** The typings leave this method out of the DOM: it exists in workers only. */
interface SyncFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncFile>;
}

/** A disk of a machine, and whether what it holds outlives the page. */
export interface OpenDisk {
  readonly name: string;
  readonly backend: DiskBackend;
  /** The disk as one whose changes this browser keeps. */
  readonly kept: KeptDisk | undefined;
  readonly contents: () => Uint8Array<ArrayBuffer>;
}

/** A worker that was just ended may hold its files a little longer. */
const lockTries = 20;
const lockWaitMs = 100;

/** Opens the disk for an image: changes are kept per image and machine number. `tell` hears when they are not. */
export async function openDisk(
  image: NamedFile,
  machine: number,
  tell: (message: string) => void,
): Promise<OpenDisk> {
  const bytes = new Uint8Array(image.bytes);
  try {
    const store = await openStore(bytes, machine);
    const refused = (error: unknown) => tell(refusal(image.name, error));
    const kept = new KeptDisk(bytes, store, refused);
    return { name: image.name, backend: kept, kept, contents: () => kept.contents() };
  } catch (error) {
    tell(`${reason(error)} What the guest writes to ${image.name} is lost when this page goes.`);
    return { name: image.name, backend: new MemoryDisk(bytes), kept: undefined, contents: () => bytes };
  }
}

async function openStore(image: Uint8Array<ArrayBuffer>, machine: number): Promise<BlockStore> {
  const root = await navigator.storage.getDirectory();
  const disks = await root.getDirectoryHandle('disks', { create: true });
  const folder = await disks.getDirectoryHandle(`${await digest(image)}-${machine}`, { create: true });
  const index = await openFile(folder, 'index');
  const data = await openFile(folder, 'data').catch((error: unknown) => {
    index.close();
    throw error;
  });
  try {
    return new BlockStore({ index, data }, Math.ceil(image.length / blockBytes));
  } catch (error) {
    index.close();
    data.close();
    throw error;
  }
}

async function openFile(folder: FileSystemDirectoryHandle, name: string): Promise<SyncFile> {
  const handle = (await folder.getFileHandle(name, { create: true })) as SyncFileHandle;
  for (let left = lockTries; ; left--) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (error) {
      if (!isLocked(error) || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, lockWaitMs));
    }
  }
}

const nameOf = (error: unknown): string =>
  error instanceof Error || error instanceof DOMException ? error.name : '';
const isLocked = (error: unknown): boolean => nameOf(error) === 'NoModificationAllowedError';

function reason(error: unknown): string {
  if (isLocked(error)) return 'Another tab of the browser uses this disk.';
  if (error instanceof ForeignStore)
    return `This browser holds a disk of this name, but ${error.message}; it is left alone.`;
  if (nameOf(error) === 'QuotaExceededError') return 'The browser\u2019s storage is full.';
  return 'This browser gives the page no storage.';
}

const refusal = (name: string, error: unknown): string =>
  nameOf(error) === 'QuotaExceededError'
    ? `The browser\u2019s storage is full: the guest\u2019s write to ${name} failed. What was stored before is kept.`
    : `The browser could not store what the guest wrote to ${name}: the guest sees an I/O error.`;
