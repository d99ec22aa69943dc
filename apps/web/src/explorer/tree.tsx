import { useSignal } from '@preact/signals';
import type { TableEntry, TableRoot } from '@trapline/machine';
import { hex } from '../page/format.ts';
import type { MachineTab } from '../page/machine-tab.ts';
import { usePolled } from './poll.ts';
import { lookedUp } from './view.ts';

const pollMs = 1000;
const sizes: Readonly<Record<string, string>> = {
  '4096': '4 KiB',
  '2097152': '2 MiB',
  '1073741824': '1 GiB',
};

interface Table {
  readonly address: bigint;
  readonly level: number;
  readonly base: bigint;
}

interface TreeProps {
  readonly tab: MachineTab;
  readonly hart: number;
  readonly world: 'guest' | 'hart';
}

/** A page table as a tree; a table is read when it is opened, and again while it stays open. */
export function Tree({ root, ...of }: TreeProps & { readonly root: TableRoot }) {
  return <Entries {...of} table={{ address: root.address, level: root.levels - 1, base: 0n }} />;
}

function Entries({ table, ...of }: TreeProps & { readonly table: Table }) {
  const { tab, hart, world } = of;
  const answer = usePolled(() => tab.api.table(hart, world, table), pollMs, [
    tab.api,
    hart,
    world,
    table.address,
  ]);
  const entries = answer.value;
  if (entries?.length === 0) return <p class="note">Nothing is mapped.</p>;
  return (
    <ul class="tree">
      {entries?.map((entry) => (
        <Entry key={entry.index} {...of} entry={entry} level={table.level} />
      ))}
    </ul>
  );
}

function Entry({ entry, level, ...of }: TreeProps & { readonly entry: TableEntry; readonly level: number }) {
  const open = useSignal(false);
  const label = `${entry.index}: ${hex(entry.va)}`;
  if (entry.kind !== 'table')
    return (
      <li>
        <button
          type="button"
          class="link"
          title="Walk this address in both worlds"
          onClick={() => {
            lookedUp.value = hex(entry.va);
          }}
        >
          {label}
        </button>{' '}
        <code>
          → {hex(entry.target)} {entry.flags}
        </code>{' '}
        <span class="note">{sizes[String(entry.bytes)] ?? hex(entry.bytes)}</span>
      </li>
    );
  return (
    <li>
      <button
        type="button"
        class="link"
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        {open.value ? '▾' : '▸'} {label}
      </button>{' '}
      <span class="note">table at {hex(entry.target)}</span>
      {open.value && <Entries {...of} table={{ address: entry.target, level: level - 1, base: entry.va }} />}
    </li>
  );
}
