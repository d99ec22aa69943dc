import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Strip } from '../machine/exits.ts';
import { big } from '../page/format.ts';
import type { MachineTab } from '../page/machine-tab.ts';
import { dark } from '../page/machines.ts';
import { usePolled } from './poll.ts';
import { Rates } from './rates.tsx';

const pollMs = 400;
const pieces = 240;
const laneHeight = 44;
const modes = ['M', 'S', 'U'] as const;
const lanes = [...modes, 'monitor'] as const;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Which mode the guest was in over time, how often the monitor was entered, and the rates of exits. */
export function Modes({ tab }: { tab: MachineTab }) {
  const hart = useSignal(0);
  const axis = useSignal<'instructions' | 'time'>('instructions');
  const range = useSignal<Range | undefined>(undefined);
  const ask = () => tab.api.strip({ hart: hart.value, axis: axis.value, pieces, ...range.value });
  const answer = usePolled(ask, pollMs, [tab, tab.api, hart.value, axis.value, range.value]);
  const strip = answer.value;
  const zoom = (factor: number, middle = 0.5): void => {
    if (strip) range.value = zoomed(strip, factor, middle);
  };
  const move = (part: number): void => {
    if (strip) range.value = moved(strip, part);
  };
  return (
    <div class="modes">
      <div class="line">
        {tab.config.value.harts > 1 && (
          <label>
            Hart{' '}
            <select value={hart.value} onChange={(event) => (hart.value = Number(event.currentTarget.value))}>
              {Array.from({ length: tab.config.value.harts }, (_, id) => (
                <option key={id} value={id}>
                  {id}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          Over{' '}
          <select
            value={axis.value}
            onChange={(event) => {
              axis.value = event.currentTarget.value as 'instructions' | 'time';
              range.value = undefined;
            }}
          >
            <option value="instructions">instructions</option>
            <option value="time">guest time</option>
          </select>
        </label>
        <button type="button" aria-label="Zoom in" onClick={() => zoom(0.5)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(2)}>
          −
        </button>
        <button type="button" aria-label="Earlier" onClick={() => move(-0.5)}>
          ◂
        </button>
        <button type="button" aria-label="Later" onClick={() => move(0.5)}>
          ▸
        </button>
        <button type="button" disabled={range.value === undefined} onClick={() => (range.value = undefined)}>
          All
        </button>
      </div>
      {strip && <StripPlot strip={strip} axis={axis.value} zoom={zoom} />}
      <Rates tab={tab} />
    </div>
  );
}

/** The shown range scaled around a point of it, within what is recorded; nothing when that is all of it. */
function zoomed({ from, to, start, end }: Strip, factor: number, middle: number): Range | undefined {
  const width = Math.max((to - from) * factor, 10);
  if (width >= end - start) return undefined;
  const at = from + (to - from) * middle - width * middle;
  return clamped(at, width, start, end);
}

const moved = ({ from, to, start, end }: Strip, part: number): Range =>
  clamped(from + (to - from) * part, to - from, start, end);

function clamped(at: number, width: number, start: number, end: number): Range {
  const from = Math.min(Math.max(at, start), Math.max(end - width, start));
  return { from, to: from + width };
}

const position = (value: number, axis: 'instructions' | 'time'): string =>
  axis === 'time' ? `${(value / 10_000_000).toFixed(4)} s` : `${big(value)} instructions`;

/** A mode's share of everything shown. */
function shareOf(strip: Strip, mode: 'M' | 'S' | 'U'): number {
  const total = strip.pieces.reduce((sum, { M, S, U }) => sum + M + S + U, 0);
  return total === 0 ? 0 : strip.pieces.reduce((sum, piece) => sum + piece[mode], 0) / total;
}

function StripPlot(props: {
  strip: Strip;
  axis: 'instructions' | 'time';
  zoom(factor: number, middle: number): void;
}) {
  const { strip, axis, zoom } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const shares = modes.map((mode) => `${mode} ${(shareOf(strip, mode) * 100).toFixed(1)} %`);
  const exits = strip.pieces.reduce((sum, piece) => sum + piece.exits, 0);
  useEffect(() => draw(canvas.current!, strip), [strip, dark.value]);
  return (
    <figure class="strip">
      <div class="plot">
        <canvas
          ref={canvas}
          width={pieces * 4}
          height={laneHeight * 4}
          role="img"
          aria-label={`Modes of the guest: ${shares.join(', ')}; ${exits} exits to the monitor`}
          onWheel={(event) => {
            event.preventDefault();
            const box = event.currentTarget.getBoundingClientRect();
            zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, (event.clientX - box.left) / box.width);
          }}
        />
        <div class="lanes" aria-hidden="true">
          {lanes.map((lane) => (
            <span key={lane}>{lane}</span>
          ))}
        </div>
      </div>
      <figcaption>
        <span>{position(strip.from, axis)}</span>
        <span>
          {shares.map((share, at) => (
            <b key={share} class={`mode ${modes[at]}`}>
              {share}
            </b>
          ))}{' '}
          {exits.toLocaleString('en')} exits
        </span>
        <span>{position(strip.to, axis)}</span>
      </figcaption>
    </figure>
  );
}

/** One lane per mode, filled by its share; the lowest lane is the monitor, by exits on a logarithmic scale. */
function draw(canvas: HTMLCanvasElement, { pieces: cuts }: Strip): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(canvas);
  const color = (name: string): string => style.getPropertyValue(name);
  const width = canvas.width / cuts.length;
  const most = Math.max(1, ...cuts.map(({ exits }) => exits));
  context.clearRect(0, 0, canvas.width, canvas.height);
  const bar = (lane: number, at: number, part: number, fill: string): void => {
    const height = part * (laneHeight - 6);
    context.fillStyle = fill;
    context.fillRect(at * width, (lane + 1) * laneHeight - height - 2, width, height);
  };
  for (const [at, cut] of cuts.entries()) {
    const total = cut.M + cut.S + cut.U;
    for (const [lane, mode] of modes.entries())
      if (cut[mode] > 0) bar(lane, at, Math.max(0.08, cut[mode] / total), color(`--${mode.toLowerCase()}`));
    if (cut.exits > 0) bar(3, at, Math.max(0.08, Math.log1p(cut.exits) / Math.log1p(most)), color('--warm'));
  }
}
