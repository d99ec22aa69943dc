import { type FileRole, roleNames } from '../machine/config.ts';
import { headBytes, recognise } from './recognise.ts';

/** Files for a machine by role, and a sentence for each that found no place. */
export interface Choice {
  readonly files: Readonly<Partial<Record<FileRole, File>>>;
  readonly complaints: readonly string[];
}

/** Finds a role for each of the files; of several for one role the likeliest is taken. */
export async function choose(given: readonly File[]): Promise<Choice> {
  const best = new Map<FileRole, { readonly file: File; readonly rank: number }>();
  const unknown: File[] = [];
  for (const file of given) {
    const found = await look(file);
    if (found === undefined) unknown.push(file);
    else if ((best.get(found.role)?.rank ?? 0) < found.rank) best.set(found.role, { file, rank: found.rank });
  }
  const files = Object.fromEntries([...best].map(([role, { file }]) => [role, file]));
  return { files, complaints: complain(given, unknown, best.size) };
}

async function look(file: File) {
  const head = new Uint8Array(await file.slice(0, headBytes).arrayBuffer());
  return recognise({ name: file.name, bytes: file.size, head });
}

const known = `a ${Object.values(roleNames).join(', ')}`.replace(/, ([^,]*)$/, ' or $1');

function complain(given: readonly File[], unknown: readonly File[], used: number): string[] {
  if (given.length === 0) return ['There was no file in what you dropped.'];
  // A folder of a build holds much besides: silence about that, unless nothing was of use.
  if (unknown.length === 0 || (given.length > 3 && used > 0)) return [];
  if (unknown.length > 3) return [`None of these ${unknown.length} files is ${known} for RISC-V.`];
  return unknown.map((file) =>
    file.size === 0 ? `${file.name} is empty.` : `${file.name} is not ${known} this machine knows.`,
  );
}

/** Every file of what was dropped, those in folders included. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files: File[] = [];
  for (const entry of entries) {
    if (entry instanceof File) files.push(entry);
    else if (entry) await collect(entry, files);
  }
  return files;
}

const mostFiles = 2000;

async function collect(entry: FileSystemEntry, into: File[]): Promise<void> {
  if (into.length >= mostFiles) return;
  if (entry.isFile) {
    into.push(
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    );
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const child of some) await collect(child, into);
  }
}
