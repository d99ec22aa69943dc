import { readFileSync } from 'node:fs';
import { HostError } from '@trapline/core';
import type { NamedFile } from '@trapline/machine';

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['does not exist', 'Check the path.'],
  EACCES: ['may not be read', 'Check its permissions.'],
  EPERM: ['may not be opened', 'Check its permissions.'],
  EISDIR: ['is a directory', 'Name a file.'],
  ENOTDIR: ['lies below something that is not a directory', 'Check the path.'],
  ENOSPC: ['does not fit: the disk is full', 'Make room.'],
  EROFS: ['is on a read-only file system', 'Choose another place.'],
};

/** The `code` of a Node system error, if it is one. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** A system error about a file as a HostError naming it: `kernel x.elf does not exist`. */
export function fileError(what: string, path: string, cause: unknown): HostError {
  const code = systemCode(cause);
  const [reason, hint] = REASONS[code ?? ''] ?? [
    `cannot be used (${code ?? String(cause)})`,
    'Check the file.',
  ];
  return new HostError('file', `${what} ${path} ${reason}`, { hint, cause });
}

/** Reads a whole file. Throws HostError `file`. */
export function readNamed(what: string, path: string): NamedFile {
  try {
    return { name: path, bytes: readFileSync(path) };
  } catch (error) {
    throw fileError(what, path, error);
  }
}
