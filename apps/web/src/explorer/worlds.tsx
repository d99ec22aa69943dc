import { useSignal } from '@preact/signals';
import type { CsrReading, HartReading } from '@trapline/machine';
import type { MachineFigures } from '../machine/protocol.ts';
import { hex, kibibytes } from '../page/format.ts';
import type { MachineTab } from '../page/machine-tab.ts';
import { Mode } from './mode.tsx';
import { usePolled } from './poll.ts';
import { Tree } from './tree.tsx';
import { Walk } from './walk.tsx';

const pollMs = 500;
const titles = { guest: 'The guest believes', hart: 'The hart has' } as const;

/** What the guest believes beside what the hart really has: CSRs, page tables, and addresses through both. */
export function Worlds({ tab }: { tab: MachineTab }) {
  const hart = useSignal(0);
  const answer = usePolled(() => tab.api.hart(hart.value), pollMs, [
    tab,
    tab.api,
    hart.value,
    tab.state.value.kind,
  ]);
  const reading = answer.value;
  if (!reading) return <p class="note">The machine is not there yet.</p>;
  const harts = tab.config.value.harts;
  return (
    <div class="worlds">
      <div class="line">
        {harts > 1 && (
          <label>
            Hart{' '}
            <select value={hart.value} onChange={(event) => (hart.value = Number(event.currentTarget.value))}>
              {Array.from({ length: harts }, (_, id) => (
                <option key={id} value={id}>
                  {id}
                </option>
              ))}
            </select>
          </label>
        )}
        <span>
          pc <code>{hex(reading.pc)}</code>
        </span>
        {reading.worlds.map((world) => (
          <span key={world.name}>
            {titles[world.name]}: <Mode mode={world.privilege} />
          </span>
        ))}
      </div>
      <Walk tab={tab} hart={hart.value} />
      <div class="pair">
        {reading.worlds.map((world) => (
          <section key={world.name} aria-label={`Page table: ${titles[world.name]}`}>
            <h3>{world.name === 'guest' ? 'Guest page table' : 'Shadow page table'}</h3>
            {world.root ? (
              <Tree
                key={`${hart.value} ${world.root.address}`}
                tab={tab}
                hart={hart.value}
                world={world.name}
                root={world.root}
              />
            ) : (
              <p class="note">Translation is off: addresses are physical.</p>
            )}
          </section>
        ))}
      </div>
      <Figures tab={tab} reading={reading} />
      <Csrs reading={reading} />
    </div>
  );
}

function Figures({ tab, reading }: { tab: MachineTab; reading: HartReading }) {
  const figures = tab.figures.value;
  const rows: [string, string][] = [
    ...codeRows(figures, reading),
    ...reading.tlb.map(({ access, used, size }): [string, string] => [
      `${access} TLB`,
      `${used} of ${size} entries`,
    ]),
    ['TLB misses', whole(figures?.tlbMisses ?? 0)],
    ...Object.entries(figures?.shadow ?? {}).map(([name, value]): [string, string] => [
      `shadow ${spaced(name)}`,
      whole(value),
    ]),
  ];
  return (
    <details>
      <summary>Code cache, TLBs and shadow tables</summary>
      <table class="changes">
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="num">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** What the engine has made of the guest's code. */
function codeRows(figures: MachineFigures | undefined, { codePages }: HartReading): [string, string][] {
  const pages: [string, string] = ['pages of decoded code', whole(codePages)];
  const { name, translated, regions, translations, compiledBytes, compileMilliseconds } =
    figures?.engine ?? {};
  if (name === undefined) return [pages];
  const engine: [string, string] = ['engine', name];
  if (translated === undefined) return [engine, pages];
  const share = translated / Math.max(1, figures?.instructions ?? 0);
  return [
    engine,
    ['instructions in translated code', `${(share * 100).toFixed(1)} %`],
    ['translated regions', `${whole(regions ?? 0)} in use, ${whole(translations ?? 0)} ever made`],
    ['WebAssembly made', kibibytes(compiledBytes ?? 0)],
    ['time making and compiling it', `${whole(Math.round(compileMilliseconds ?? 0))} ms`],
    pages,
  ];
}

/** `poolPages` as words. */
const spaced = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const whole = (value: number): string => value.toLocaleString('en');

function Csrs({ reading }: { reading: HartReading }) {
  const [guest, hart] = reading.worlds;
  const others = new Map((hart?.csrs ?? []).map((csr) => [csr.number, csr]));
  const differing = useSignal(false);
  const rows = (guest?.csrs ?? []).map((csr) => ({
    csr,
    other: hart && (others.get(csr.number) ?? { ...csr, value: 0n, fields: [] }),
  }));
  return (
    <>
      {hart && (
        <label>
          <input
            type="checkbox"
            checked={differing.value}
            onChange={(event) => {
              differing.value = event.currentTarget.checked;
            }}
          />{' '}
          Only registers that differ
        </label>
      )}
      <table class="csrs">
        <caption>Control and status registers</caption>
        <thead>
          <tr>
            <th scope="col">CSR</th>
            <th scope="col">{titles.guest}</th>
            {hart && <th scope="col">{titles.hart}</th>}
          </tr>
        </thead>
        <tbody>
          {rows
            .filter(({ csr, other }) => !differing.value || csr.value !== other?.value)
            .map(({ csr, other }) => (
              <Csr key={csr.number} csr={csr} other={other} />
            ))}
        </tbody>
      </table>
    </>
  );
}

function Csr({ csr, other }: { csr: CsrReading; other: CsrReading | undefined }) {
  const open = useSignal(false);
  const real = new Map((other?.fields ?? []).map(({ field, value }) => [field, value]));
  return (
    <>
      <tr class={other && other.value !== csr.value ? 'differs' : ''}>
        <th scope="row">
          <button
            type="button"
            class="link"
            aria-expanded={open.value}
            onClick={() => (open.value = !open.value)}
          >
            {csr.name}
          </button>
        </th>
        <td>
          <code>{hex(csr.value)}</code>
        </td>
        {other && (
          <td>
            <code>{hex(other.value)}</code>
          </td>
        )}
      </tr>
      {open.value &&
        csr.fields.map(({ field, value }) => (
          <tr key={field} class="field">
            <th scope="row">.{field}</th>
            <td>
              <code>{hex(value)}</code>
            </td>
            {other && (
              <td>
                <code>{hex(real.get(field) ?? 0n)}</code>
              </td>
            )}
          </tr>
        ))}
    </>
  );
}
