import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Explorer } from '../explorer/explorer.tsx';
import { Lessons } from '../lessons/panel.tsx';
import { dropping } from './drop.ts';
import { fullWindow, type PanelName, panel, panelNames } from './layout.ts';
import type { MachineTab } from './machine-tab.ts';
import { addMachine, closeMachine, dark, machines, selected, toggleTheme } from './machines.ts';
import { Setup } from './setup.tsx';
import { Toolbar } from './toolbar.tsx';

/** What each panel shows. */
const shows: Readonly<Record<PanelName, FunctionComponent<{ tab: MachineTab }>>> = {
  explorer: Explorer,
  lessons: Lessons,
  setup: Setup,
};

export function App() {
  const tab = selected.value;
  return (
    <div class={`app${fullWindow.value ? ' full' : ''}${dropping.value ? ' dropping' : ''}`}>
      <Header />
      {tab && <Machine key={tab.number} tab={tab} />}
    </div>
  );
}

function Header() {
  return (
    <header class="head">
      <h1 class="brand">Trapline</h1>
      <nav class="tabs" aria-label="Machines">
        {machines.value.map((tab) => (
          <span key={tab.number} class={`tab${tab === selected.value ? ' on' : ''}`}>
            <button
              type="button"
              aria-current={tab === selected.value ? 'true' : undefined}
              onClick={() => {
                selected.value = tab;
              }}
            >
              {tab.title}
            </button>
            <button
              type="button"
              class="close"
              aria-label={`Close machine ${tab.number}`}
              onClick={() => closeMachine(tab)}
            >
              ×
            </button>
          </span>
        ))}
        <button
          type="button"
          class="add"
          aria-label="New machine"
          title="New machine"
          onClick={() => addMachine()}
        >
          +
        </button>
      </nav>
      <button type="button" class="plain" onClick={toggleTheme}>
        {dark.value ? 'Light' : 'Dark'}
      </button>
    </header>
  );
}

function Machine({ tab }: { tab: MachineTab }) {
  const shown = panel.value;
  const Panel = shown && shows[shown];
  return (
    <main class={`machine${shown ? ' with-panel' : ''}`}>
      <Toolbar tab={tab} />
      <Notices tab={tab} />
      <div class="split">
        <TerminalView tab={tab} />
        {Panel && (
          <section class="panel" aria-label={panelNames[shown]}>
            <Panel tab={tab} />
          </section>
        )}
      </div>
    </main>
  );
}

function Notices({ tab }: { tab: MachineTab }) {
  const state = tab.state.value;
  const broken = state.kind === 'failed' || state.kind === 'ended' ? state.message : undefined;
  const dismiss = (notice: string) => {
    tab.notices.value = tab.notices.value.filter((other) => other !== notice);
  };
  return (
    <div class="notices" role="status" aria-live="polite">
      {broken && <p class={state.kind}>{broken}</p>}
      {tab.notices.value.map((notice) => (
        <p key={notice}>
          <span>{notice}</span>
          <button type="button" class="close" aria-label="Dismiss" onClick={() => dismiss(notice)}>
            ×
          </button>
        </p>
      ))}
      {tab.dead.value && (
        <p>
          <button type="button" onClick={() => void tab.revive()}>
            Start it again
          </button>
        </p>
      )}
    </div>
  );
}

function TerminalView({ tab }: { tab: MachineTab }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    tab.screen.mount(place.current!);
    tab.screen.focus();
    return () => tab.screen.element.remove();
  }, [tab]);
  return <div class="console" ref={place} />;
}
