import type { NamedFile } from '@trapline/machine';
import type { FileReference } from '../machine/config.ts';
import type { GivenFile } from '../machine/protocol.ts';

/** A file ready for use, and how a link names it. */
export interface KeptFile {
  readonly file: NamedFile;
  readonly reference: FileReference;
}

const hexOf = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Files the reader gave, kept in the browser's own file system under their SHA-256, so that a reload finds them. */
export class FileShelf {
  /** The file's bytes; `tell` hears when it will not survive a reload. Rejects when a kept file is gone. */
  async take(given: GivenFile, tell: (message: string) => void): Promise<KeptFile> {
    if (!('blob' in given)) return this.#find(given);
    const bytes = new Uint8Array(await given.blob.arrayBuffer());
    const id = await digest(bytes);
    const reference = { name: given.name, id };
    if (!(await this.#keep(id, bytes)))
      tell(`${given.name} could not be stored in this browser: after a reload, give it again.`);
    return { file: { name: given.name, bytes }, reference };
  }

  async #find(reference: FileReference): Promise<KeptFile> {
    try {
      const folder = await shelf(false);
      const file = await (await folder.getFileHandle(reference.id)).getFile();
      return {
        file: { name: reference.name, bytes: new Uint8Array(await file.arrayBuffer()) },
        reference,
      };
    } catch {
      throw new Error(`${reference.name} is not in this browser: drop the file on the page`);
    }
  }

  async #keep(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    try {
      const folder = await shelf(true);
      const handle = await folder.getFileHandle(id, { create: true });
      if ((await handle.getFile()).size === bytes.length) return true;
      const writable = await handle.createWritable();
      await writable.write(bytes);
      await writable.close();
      return true;
    } catch {
      return false;
    }
  }
}

const shelf = async (create: boolean): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle('files', { create });

/** SHA-256 in hexadecimal. Without a secure context there is no such function, and nothing is stored either. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = crypto as Partial<Crypto>;
  return subtle ? hexOf(await subtle.digest('SHA-256', bytes)) : '0'.repeat(64);
}
