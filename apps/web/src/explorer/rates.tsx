import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { big } from '../page/format.ts';
import type { MachineTab } from '../page/machine-tab.ts';

const samplesKept = 60;
const plot = { width: 120, height: 24 } as const;

/** Exits per second by kind, each as a small plot of the last half minute. */
export function Rates({ tab }: { tab: MachineTab }) {
  const history = useSignal<readonly Readonly<Record<string, number>>[]>([]);
  const figures = tab.figures.value;
  const last = useSignal(figures);
  useEffect(() => {
    const before = last.peek();
    if (!figures || figures === before) return;
    last.value = figures;
    const seconds = before ? (figures.atMs - before.atMs) / 1000 : 0;
    if (!before || seconds <= 0 || figures.instructions < before.instructions) {
      history.value = [];
      return;
    }
    const rates = Object.fromEntries(
      Object.entries(figures.exits).map(([kind, count]) => [
        kind,
        (count - (before.exits[kind] ?? 0)) / seconds,
      ]),
    );
    history.value = [...history.peek(), rates].slice(-samplesKept);
  }, [figures]);
  const kinds = Object.keys(figures?.exits ?? {}).sort();
  return (
    <table class="rates">
      <caption>Exits by kind</caption>
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col" class="num">
            So far
          </th>
          <th scope="col" class="num">
            Per second
          </th>
          <th scope="col">Lately</th>
        </tr>
      </thead>
      <tbody>
        {kinds.map((kind) => {
          const rates = history.value.map((sample) => sample[kind] ?? 0);
          return (
            <tr key={kind}>
              <th scope="row">{kind}</th>
              <td class="num">{figures?.exits[kind]?.toLocaleString('en')}</td>
              <td class="num">{big(rates.at(-1) ?? 0)}</td>
              <td>
                <Sparkline values={rates} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(1, ...values);
  const points = values.map(
    (value, at) =>
      `${(at * plot.width) / (samplesKept - 1)},${(plot.height - 2 - (value / most) * (plot.height - 4)).toFixed(1)}`,
  );
  return (
    <svg class="spark" viewBox={`0 0 ${plot.width} ${plot.height}`} aria-hidden="true">
      <polyline points={points.join(' ')} />
    </svg>
  );
}
