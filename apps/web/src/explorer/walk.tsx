import { type AddressReading, addressVerdict, type TableWalk } from '@trapline/machine';
import { hex } from '../page/format.ts';
import type { MachineTab } from '../page/machine-tab.ts';
import { usePolled } from './poll.ts';
import { lookedUp } from './view.ts';

const pollMs = 500;

async function find(tab: MachineTab, hart: number, text: string): Promise<AddressReading | string> {
  const typed = text.trim();
  if (typed === '') return '';
  const address = /^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(typed)
    ? BigInt(typed)
    : await tab.api.addressOf(typed);
  if (address === undefined) return `${typed} is neither an address nor a symbol of this guest.`;
  return (await tab.api.walk(hart, BigInt.asUintN(64, address))) ?? '';
}

/** One address through both worlds, down to the host page. */
export function Walk({ tab, hart }: { tab: MachineTab; hart: number }) {
  const answer = usePolled(() => find(tab, hart, lookedUp.value), pollMs, [tab.api, hart, lookedUp.value]);
  const found = answer.value;
  return (
    <section class="walk" aria-label="Walk of an address">
      <label>
        Walk{' '}
        <input
          type="search"
          placeholder="0x… or a symbol"
          value={lookedUp.value}
          onInput={(event) => {
            lookedUp.value = event.currentTarget.value;
          }}
        />
      </label>
      {typeof found === 'string' && found !== '' && <p class="note">{found}</p>}
      {typeof found === 'object' && <Found found={found} />}
    </section>
  );
}

function Found({ found }: { found: AddressReading }) {
  const { guest, hart } = found;
  return (
    <>
      <div class="pair">
        <Steps title="Guest walk" walk={guest} />
        {hart && <Steps title="Shadow walk" walk={hart} />}
      </div>
      <p class="verdict">{addressVerdict(found)}</p>
    </>
  );
}

function Steps({ title, walk }: { title: string; walk: TableWalk }) {
  const last = walk.steps.length - 1;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {walk.root === undefined && <p class="note">Translation is off: the address is physical.</p>}
      <ol class="steps">
        {walk.steps.map((step, at) => (
          <li key={step.address}>
            entry {step.index} at <code>{hex(step.address)}</code>: <code>{hex(step.pte)}</code>
            <br />
            {step.kind === 'table' && `the next table is at ${hex(step.target)}`}
            {step.kind === 'leaf' && `a leaf, ${step.flags}, to ${hex(step.target)}`}
            {step.kind === 'invalid' &&
              (at === last ? 'not valid: the walk ends in a page fault' : 'not valid')}
          </li>
        ))}
      </ol>
      {walk.permits.length > 0 && walk.steps.length > 0 && <p class="note">may {walk.permits.join(', ')}</p>}
    </section>
  );
}
