import { closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { type DiskBackend, HostError } from '@trapline/core';
import { fileError, systemCode } from './files.ts';

const SECTOR_BYTES = 512;

/** A raw disk image in a file. */
export interface FileDisk extends DiskBackend {
  readonly path: string;
  /** Makes what was written durable and lets the file go. */
  close(): void;
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

/** Opens a disk image. Throws HostError `file`, `disk-size` or `disk-read-only`. */
export function openFileDisk(path: string, readOnly: boolean): FileDisk {
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
    return fileDisk(path, file, stat.size, readOnly);
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

// Synchronous on purpose: the page cache answers in microseconds, and a request that completes at once keeps
// deterministic runs deterministic.
function fileDisk(path: string, file: number, bytes: number, readOnly: boolean): FileDisk {
  let isOpen = true;
  return {
    path,
    bytes,
    readOnly,
    read(offset, into) {
      for (let done = 0; done < into.length; ) {
        const got = readSync(file, into, done, into.length - done, offset + done);
        if (got === 0) throw new HostError('disk-short', `disk ${path} shrank while in use`);
        done += got;
      }
    },
    write(offset, from) {
      for (let done = 0; done < from.length; )
        done += writeSync(file, from, done, from.length - done, offset + done);
    },
    flush() {
      if (isOpen && !readOnly) fdatasyncSync(file);
    },
    close() {
      if (!isOpen) return;
      if (!readOnly) fdatasyncSync(file);
      isOpen = false;
      closeSync(file);
    },
  };
}
