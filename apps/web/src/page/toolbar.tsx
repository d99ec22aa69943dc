import type { MachineState } from '../machine/protocol.ts';
import { big } from './format.ts';
import { fullWindow, type PanelName, panel, panelNames } from './layout.ts';
import type { MachineTab } from './machine-tab.ts';

/** Speed limits on offer, in million instructions per second. */
const speeds = [0, 100, 10, 1, 0.1, 0.01] as const;

const pauseNames = { you: 'paused', hidden: 'paused while hidden', breakpoint: 'stopped at a trap' } as const;

function stateName(state: MachineState): string {
  return state.kind === 'paused' ? pauseNames[state.why] : state.kind;
}

const speedName = (speed: number): string =>
  speed === 0 ? 'Full speed' : speed >= 1 ? `${speed} M/s` : `${speed * 1000} k/s`;

export function Toolbar({ tab }: { tab: MachineTab }) {
  const state = tab.state.value;
  const paused = state.kind === 'paused';
  return (
    <div class="bar" role="toolbar" aria-label="Machine">
      {paused ? (
        <button type="button" onClick={() => void tab.api.resume('you')}>
          Resume
        </button>
      ) : (
        <button type="button" disabled={state.kind !== 'running'} onClick={() => void tab.api.pause('you')}>
          Pause
        </button>
      )}
      <button type="button" disabled={!paused} onClick={() => void tab.api.step(1)}>
        Step
      </button>
      <button type="button" onClick={() => void tab.reset()}>
        Reset
      </button>
      <select
        aria-label="Speed limit"
        value={tab.config.value.speed}
        onChange={(event) => tab.setSpeed(Number(event.currentTarget.value))}
      >
        {[...new Set([...speeds, tab.config.value.speed])].map((speed) => (
          <option key={speed} value={speed}>
            {speedName(speed)}
          </option>
        ))}
      </select>
      <span class="state" data-state={state.kind}>
        {stateName(state)}
      </span>
      <Rate tab={tab} />
      <span class="gap" />
      <ClipboardButtons tab={tab} />
      <button
        type="button"
        aria-pressed={fullWindow.value}
        onClick={() => {
          fullWindow.value = !fullWindow.value;
          tab.screen.focus();
        }}
      >
        Full window
      </button>
      {(Object.entries(panelNames) as [PanelName, string][]).map(([name, title]) => (
        <button
          key={name}
          type="button"
          aria-pressed={panel.value === name}
          onClick={() => {
            panel.value = panel.value === name ? undefined : name;
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

function Rate({ tab }: { tab: MachineTab }) {
  const figures = tab.figures.value;
  if (!figures) return null;
  return (
    <span class="rate">
      {big(figures.instructions)} instructions, {big(tab.rate.value)}/s
    </span>
  );
}

function ClipboardButtons({ tab }: { tab: MachineTab }) {
  const copy = () => {
    const { selection } = tab.screen;
    if (selection === '') tab.tell('Select text in the terminal first, then copy.');
    else
      navigator.clipboard?.writeText(selection).catch(() => tab.tell('The browser refused the clipboard.'));
  };
  const paste = async () => {
    try {
      tab.screen.paste(await navigator.clipboard.readText());
    } catch {
      tab.tell('The browser keeps the clipboard to itself: press Ctrl+Shift+V in the terminal.');
    }
    tab.screen.focus();
  };
  return (
    <>
      <button type="button" class="wide-only" title="Ctrl+Shift+C" onClick={copy}>
        Copy
      </button>
      <button type="button" class="wide-only" title="Ctrl+Shift+V" onClick={() => void paste()}>
        Paste
      </button>
    </>
  );
}
