import type { FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';
import type { MachineTab } from '../page/machine-tab.ts';
import { Modes } from './modes.tsx';
import { Stream } from './stream.tsx';
import { type ViewName, view, views } from './view.ts';
import { Worlds } from './worlds.tsx';

const shows: Readonly<Record<ViewName, FunctionComponent<{ tab: MachineTab }>>> = {
  stream: Stream,
  worlds: Worlds,
  modes: Modes,
};

/** The trap explorer: records while it is open, and costs nothing when it is closed. */
export function Explorer({ tab }: { tab: MachineTab }) {
  const { api, state } = tab;
  // A new worker is one of the things the state tells of; a machine that starts again is recorded from its first instruction.
  state.value;
  useEffect(() => {
    void api.record(true).catch(() => undefined);
    return () => void api.record(false).catch(() => undefined);
  }, [api]);
  const Show = shows[view.value];
  const bare = tab.config.value.monitor === 'none';
  return (
    <div class="explorer">
      <h2 class="unseen">Trap explorer</h2>
      <div class="views" role="tablist" aria-label="Explorer views">
        {(Object.entries(views) as [ViewName, string][]).map(([name, title]) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={view.value === name}
            onClick={() => {
              view.value = name;
            }}
          >
            {title}
          </button>
        ))}
      </div>
      {bare && view.value !== 'worlds' ? (
        <p class="note">
          This machine is bare: its guest runs in the hart’s own modes and nothing traps to a monitor. Choose
          the shadow monitor under “Machine” to watch one.
        </p>
      ) : (
        <Show tab={tab} />
      )}
    </div>
  );
}
