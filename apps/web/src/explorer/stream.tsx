import { signal, useComputed, useSignal } from '@preact/signals';
import { type ExitKind, exitPhrases } from '@trapline/machine';
import type { ExitRow } from '../machine/exits.ts';
import { type ExitFilter, everything, wantsAll } from '../machine/filter.ts';
import { hex } from '../page/format.ts';
import type { MachineTab } from '../page/machine-tab.ts';
import { Mode } from './mode.tsx';
import { OpenedExit } from './opened.tsx';
import { usePolled } from './poll.ts';

const rowsShown = 60;
const numbers = new Intl.NumberFormat('en');
const pollMs = 250;
const modeNames = { 0: 'U', 1: 'S', 3: 'M' } as const;
const modes = [3, 1, 0] as const;

/** What the stream shows; it stays when views are switched. */
const filter = signal<ExitFilter>(everything);
const stopping = signal(false);
const live = signal(true);

/** The stream of exits as they happen, and the one that was opened. */
export function Stream({ tab }: { tab: MachineTab }) {
  const before = useSignal<number | undefined>(undefined);
  const opened = useSignal<number | undefined>(undefined);
  const ask = () =>
    tab.api.exits({
      filter: filter.value,
      limit: rowsShown,
      ...(before.value === undefined ? {} : { before: before.value }),
    });
  const answer = usePolled(ask, pollMs, [tab, tab.api, filter.value, before.value]);
  const held = useSignal(answer.value);
  if (live.value || before.value !== undefined) held.value = answer.value;
  const page = held.value;
  const oldest = page?.rows[0]?.number;
  return (
    <div class="stream">
      <Filters tab={tab} />
      <div class="line">
        <label>
          <input
            type="checkbox"
            checked={live.value}
            onChange={(event) => {
              live.value = event.currentTarget.checked;
              before.value = undefined;
            }}
          />{' '}
          Follow
        </label>
        <button
          type="button"
          disabled={oldest === undefined || oldest <= (page?.dropped ?? 0)}
          onClick={() => {
            live.value = false;
            before.value = oldest;
          }}
        >
          Older
        </button>
        <span class="note" role="status">
          {page && `${page.recorded.toLocaleString('en')} recorded`}
          {page && page.dropped > 0 && `, the oldest ${page.dropped.toLocaleString('en')} dropped`}
        </span>
      </div>
      {opened.value !== undefined && <OpenedExit tab={tab} number={opened} />}
      <Rows
        rows={page?.rows ?? []}
        harts={tab.config.value.harts}
        opened={opened.value}
        open={(number) => (opened.value = number)}
      />
    </div>
  );
}

function Rows(props: {
  rows: readonly ExitRow[];
  harts: number;
  opened: number | undefined;
  open(number: number): void;
}) {
  if (props.rows.length === 0) return <p class="note">No exit matches yet. Type something at the guest.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" aria-label="Exits, newest first" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col" class="num">
              Instructions
            </th>
            <th scope="col" class="num wide-only">
              Time, µs
            </th>
            {props.harts > 1 && <th scope="col">Hart</th>}
            <th scope="col">Mode</th>
            <th scope="col">Exit</th>
            <th scope="col">Instruction</th>
            <th scope="col">Where</th>
          </tr>
        </thead>
        <tbody>
          {/* By place, not by exit: a stream that rushes by changes text, not elements. */}
          {props.rows.toReversed().map((row, place) => (
            <tr key={place} class={row.number === props.opened ? 'on' : ''}>
              <td class="num">{numbers.format(row.retired)}</td>
              <td class="num wide-only">{numbers.format(Number(row.time) / 10)}</td>
              {props.harts > 1 && <td class="num">{row.hart}</td>}
              <td>
                <Mode mode={row.mode} />
              </td>
              <td>
                <button type="button" class="link" onClick={() => props.open(row.number)}>
                  {row.exit}
                </button>
              </td>
              <td>
                <code>{row.text}</code>
              </td>
              <td>
                <code>{row.at ?? hex(row.pc)}</code>
                {row.line && <span class="source">{row.line}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const toggled = <T,>(list: readonly T[], item: T): T[] =>
  list.includes(item) ? list.filter((other) => other !== item) : [...list, item];

function Filters({ tab }: { tab: MachineTab }) {
  const now = filter.value;
  const set = (part: Partial<ExitFilter>): void => {
    filter.value = { ...filter.value, ...part };
    if (stopping.value) void tab.api.stopAt(filter.value);
  };
  const count = useComputed(() => filter.value.exits.length);
  return (
    <div class="filters">
      <details>
        <summary>{count.value === 0 ? 'Every kind' : `${count} kinds`}</summary>
        <div class="kinds">
          {(Object.entries(exitPhrases) as [ExitKind, string][]).map(([kind, phrase]) => (
            <label key={kind} title={phrase}>
              <input
                type="checkbox"
                checked={now.exits.includes(kind)}
                onChange={() => set({ exits: toggled(now.exits, kind) })}
              />{' '}
              {kind}
            </label>
          ))}
        </div>
      </details>
      {modes.map((mode) => (
        <label key={mode}>
          <input
            type="checkbox"
            checked={now.modes.includes(mode)}
            onChange={() => set({ modes: toggled(now.modes, mode) })}
          />{' '}
          {modeNames[mode]}
        </label>
      ))}
      <input
        type="search"
        aria-label="CSR"
        placeholder="CSR, e.g. satp"
        size={12}
        value={now.csr}
        onInput={(event) => set({ csr: event.currentTarget.value })}
      />
      <input
        type="search"
        aria-label="Symbol"
        placeholder="Symbol"
        size={12}
        value={now.symbol}
        onInput={(event) => set({ symbol: event.currentTarget.value })}
      />
      <input
        type="search"
        aria-label="Device"
        placeholder="Device"
        size={12}
        value={now.device}
        onInput={(event) => set({ device: event.currentTarget.value })}
      />
      <label title="Pause the machine right after the next exit that matches">
        <input
          type="checkbox"
          checked={stopping.value}
          onChange={(event) => {
            stopping.value = event.currentTarget.checked;
            void tab.api.stopAt(stopping.value ? filter.value : undefined);
          }}
        />{' '}
        Stop at {wantsAll(now) ? 'every exit' : 'a match'}
      </label>
    </div>
  );
}
