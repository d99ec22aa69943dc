import type { OpenedExit } from '../machine/exits.ts';
import { claim, hex, hostStart, type Lesson, look, next, nextThat, walkOf } from './lesson.ts';

const satpMode = 60n;

const turnsOn = ({ event }: OpenedExit): boolean =>
  event.after.csrs.some(({ before, after }) => before >> satpMode === 0n && after >> satpMode !== 0n);

export const satp: Lesson = {
  title: 'Loading satp, and the shadow page table',
  about:
    'A guest’s page table translates to addresses the guest takes for physical. They are not: its memory lies somewhere in the host. So the monitor keeps a second table, the shadow, that goes from the guest’s virtual addresses to the host’s memory at once, and gives the hart that one.',
  steps: [
    {
      plan: 'Restart and run to where the guest turns address translation on.',
      run: async (machine) => {
        await machine.reset(true);
        const exit = await nextThat(machine, { csr: 'satp', exits: ['illegalInstruction'] }, turnsOn);
        const { worlds, guest } = await look(machine, exit.row.hart);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `The guest’s satp is ${hex(guest('satp'))}: translation is on.`,
              guest('satp') >> satpMode !== 0n,
            ),
            claim(
              `Its root table is at ${hex(worlds[0]?.root?.address ?? 0n)}, in memory the guest calls its own.`,
              (worlds[0]?.root?.address ?? 0n) < hostStart,
            ),
            claim(
              `The table the hart will walk is another one, at ${hex(worlds[1]?.root?.address ?? 0n)}, where no guest can reach.`,
              (worlds[1]?.root?.address ?? 0n) >= hostStart,
            ),
          ],
        };
      },
    },
    {
      plan: 'The shadow starts empty. Run to the first address the hart cannot translate.',
      run: async (machine) => {
        const exit = await next(machine, { actions: ['filled'] });
        const { action } = exit.event;
        const va = action.kind === 'filled' ? action.va : 0n;
        const walk = await walkOf(machine, exit.row.hart, va);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `The guest’s table leads from ${hex(va)} to guest-physical ${hex(walk.guest.pa ?? 0n)}.`,
              walk.guest.pa !== undefined,
            ),
            claim(
              `That lies at host-physical ${hex(walk.host ?? 0n)}, and the shadow now leads exactly there.`,
              walk.host !== undefined && walk.hart?.pa === walk.host,
            ),
            claim(
              'The shadow’s leaf is a user page: the hart is in U-mode.',
              walk.hart?.steps.at(-1)?.flags.includes('U') === true,
            ),
          ],
        };
      },
    },
  ],
};
