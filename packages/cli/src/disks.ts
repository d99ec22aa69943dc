import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  read,
  readSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { type DiskBackend, HostError } from '@trapline/core';
import { CachedDisk } from '@trapline/devices';
import { fileError, systemCode } from './files.ts';

const SECTOR_BYTES = 512;

/** A raw disk image in a file. */
export interface FileDisk {
  readonly path: string;
  readonly backend: DiskBackend;
  /** Resolves once requests that were abandoned, by a guest that restarted, are over. */
  settle(): Promise<void>;
  /** Makes what was written durable and lets the file go; may be called again. */
  close(): Promise<void>;
}

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
  readonly bytes: number;
  readonly readOnly: boolean;
}

/** A disk as the command line names it; without a slot it takes the next free one. */
export interface DiskRequest {
  readonly path: string;
  readonly readOnly: boolean;
  readonly slot?: number | undefined;
}

/** `FILE` or `FILE,ro`. */
export function parseDisk(text: string): DiskRequest {
  const readOnly = text.endsWith(',ro');
  return { path: readOnly ? text.slice(0, -3) : text, readOnly };
}

/**
 * Opens a disk image; a synchronous one stops everything while it works, as deterministic runs need.
 * Throws HostError `file`, `disk-size` or `disk-read-only`.
 */
export function openFileDisk(path: string, readOnly: boolean, synchronous: boolean): FileDisk {
  const file = open(path, readOnly);
  try {
    const stat = fstatSync(file);
    if (stat.isDirectory())
      throw new HostError('file', `disk ${path} is a directory`, { hint: 'Name a file.' });
    if (stat.size === 0 || stat.size % SECTOR_BYTES !== 0)
      throw new HostError(
        'disk-size',
        `disk ${path} has ${stat.size} bytes, not a positive multiple of 512`,
        {
          hint: `Resize it, for example: truncate -s %4096 ${path}`,
        },
      );
    return fileDisk({ path, descriptor: file, bytes: stat.size, readOnly }, synchronous);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function open(path: string, readOnly: boolean): number {
  try {
    return openSync(path, readOnly ? constants.O_RDONLY : constants.O_RDWR);
  } catch (error) {
    if (!readOnly && ['EACCES', 'EROFS', 'EPERM'].includes(systemCode(error) ?? '') && readable(path))
      throw new HostError('disk-read-only', `disk ${path} may not be written`, {
        hint: `Attach it read-only: --disk ${path},ro`,
        cause: error,
      });
    throw fileError('disk', path, error);
  }
}

function readable(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY));
    return true;
  } catch {
    return false;
  }
}

/** Moves some of the bytes, from or to the file; gives how many. */
type Transfer = (descriptor: number, bytes: Uint8Array, offset: number) => Promise<number>;

const readLater: Transfer = (descriptor, into, offset) =>
  new Promise((resolve, reject) => {
    read(descriptor, into, 0, into.length, offset, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });

const writeLater: Transfer = (descriptor, from, offset) =>
  new Promise((resolve, reject) => {
    write(descriptor, from, 0, from.length, offset, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });

/** A raw disk image that answers through promises: the host's threads read and write, nobody waits. */
class LaterDisk implements DiskBackend {
  readonly #file: OpenFile;
  readonly #busy = new Set<Promise<void>>();

  constructor(file: OpenFile) {
    this.#file = file;
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  get readOnly(): boolean {
    return this.#file.readOnly;
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#during(this.#transfer(readLater, into, offset));
  }

  write(offset: number, from: Uint8Array): Promise<void> {
    return this.#during(this.#transfer(writeLater, from, offset));
  }

  flush(): Promise<void> {
    return this.readOnly ? Promise.resolve() : this.#during(promisify(fdatasync)(this.#file.descriptor));
  }

  /** Resolves once nothing is under way any more, and nothing followed from that. */
  async settle(): Promise<void> {
    while (this.#busy.size > 0) {
      await Promise.allSettled(this.#busy);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #transfer(operation: Transfer, bytes: Uint8Array, offset: number): Promise<void> {
    const { descriptor, path } = this.#file;
    for (let done = 0; done < bytes.length; ) {
      const moved = await operation(descriptor, bytes.subarray(done), offset + done);
      if (moved === 0) throw shrank(path);
      done += moved;
    }
  }

  async #during(work: Promise<void>): Promise<void> {
    this.#busy.add(work);
    try {
      await work;
    } finally {
      this.#busy.delete(work);
    }
  }
}

const shrank = (path: string): HostError => new HostError('disk-short', `disk ${path} shrank while in use`);

/** The page cache answers in microseconds, and a request that completes at once keeps deterministic runs deterministic. */
const synchronousDisk = ({ path, descriptor, bytes, readOnly }: OpenFile): DiskBackend => ({
  bytes,
  readOnly,
  synchronous: true,
  read(offset, into) {
    for (let done = 0; done < into.length; ) {
      const got = readSync(descriptor, into, done, into.length - done, offset + done);
      if (got === 0) throw shrank(path);
      done += got;
    }
  },
  write(offset, from) {
    for (let done = 0; done < from.length; )
      done += writeSync(descriptor, from, done, from.length - done, offset + done);
  },
  flush() {
    if (!readOnly) fdatasyncSync(descriptor);
  },
});

function fileDisk(file: OpenFile, synchronous: boolean): FileDisk {
  const later = synchronous ? undefined : new LaterDisk(file);
  const backend = later ? new CachedDisk(later) : synchronousDisk(file);
  let isOpen = true;
  const settle = async (): Promise<void> => {
    await later?.settle();
  };
  return {
    path: file.path,
    backend,
    settle,
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await settle();
      if (!file.readOnly) fdatasyncSync(file.descriptor);
      closeSync(file.descriptor);
    },
  };
}
