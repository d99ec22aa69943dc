import type { Signal } from '@preact/signals';
import type { Change } from '@trapline/machine';
import { hex } from '../page/format.ts';
import { panel } from '../page/layout.ts';
import type { MachineTab } from '../page/machine-tab.ts';
import { usePolled } from './poll.ts';
import { lookedUp, view } from './view.ts';

const never = 2 ** 30;
const addressed = /Fault|Access|Misaligned/;

/** One exit: why it trapped, what the monitor did, and what that changed. */
export function OpenedExit({ tab, number }: { tab: MachineTab; number: Signal<number | undefined> }) {
  const answer = usePolled(() => tab.api.openExit(number.value!), never, [tab.api, number.value]);
  const exit = answer.value;
  if (exit?.row.number !== number.value) return null;
  const { row, event, explanation } = exit!;
  const address = event.action.kind === 'filled' ? event.action.va : event.tval;
  return (
    <article class="opened" aria-label="One exit">
      <header>
        <h3>{explanation.title}</h3>
        <button
          type="button"
          class="close"
          aria-label="Close this exit"
          onClick={() => (number.value = undefined)}
        >
          ×
        </button>
      </header>
      {explanation.sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p class="rule">
        RISC-V privileged specification: <cite>{explanation.rule}</cite>
      </p>
      {explanation.changes.length > 0 && <Changes changes={explanation.changes} />}
      <p class="note">
        Exit {row.number.toLocaleString('en')}, hart {row.hart}, after {row.retired.toLocaleString('en')}{' '}
        instructions, tval <code>{hex(event.tval)}</code>
        {addressed.test(row.exit) && (
          <button
            type="button"
            class="link"
            onClick={() => {
              lookedUp.value = hex(address);
              view.value = 'worlds';
              panel.value = 'explorer';
            }}
          >
            Walk {hex(address)}
          </button>
        )}
      </p>
    </article>
  );
}

function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <table class="changes">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changes.flatMap((change) => [
          <tr key={change.what}>
            <th scope="row">{change.what}</th>
            <td>
              <code>{change.before}</code>
            </td>
            <td>
              <code>{change.after}</code>
            </td>
          </tr>,
          ...change.fields.map((field) => (
            <tr key={`${change.what}.${field.field}`} class="field">
              <th scope="row">.{field.field}</th>
              <td>
                <code>{hex(field.before)}</code>
              </td>
              <td>
                <code>{hex(field.after)}</code>
              </td>
            </tr>
          )),
        ])}
      </tbody>
    </table>
  );
}
