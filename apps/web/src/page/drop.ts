import { signal } from '@preact/signals';
import { droppedFiles } from '../files/choose.ts';
import { selected } from './machines.ts';
import { useFiles } from './use-files.ts';

/** Whether something is being dragged over the page. */
export const dropping = signal(false);

/** Lets files be dropped anywhere on the page, for the machine looked at. */
export function acceptDrops(): void {
  addEventListener('dragover', (event) => {
    event.preventDefault();
    dropping.value = true;
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) dropping.value = false;
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    dropping.value = false;
    const tab = selected.value;
    const { dataTransfer } = event;
    if (tab && dataTransfer) void droppedFiles(dataTransfer).then((files) => useFiles(tab, files));
  });
}
