import type { ExitKind } from '@trapline/machine';
import { claim, hex, type Lesson, type LessonMachine, look, next, walkOf } from './lesson.ts';

const faults: readonly ExitKind[] = ['loadPageFault', 'storePageFault', 'fetchPageFault'];
const interruptsOn = 2n;

/** Runs to a fault that no interrupt can follow at once, and gives the hart as it stands there. */
async function quietFault(machine: LessonMachine) {
  for (;;) {
    await next(machine, { modes: [1], exits: faults, actions: ['filled'] });
    const reading = await look(machine, 0);
    if ((reading.guest('sstatus') & interruptsOn) === 0n) return reading;
  }
}

export const hiddenFault: Lesson = {
  title: 'A page fault the guest never sees',
  about:
    'A page fault has two possible owners. If the guest’s own table forbids the access, the guest must see it. If only the shadow lacks the entry, the guest did nothing wrong, and must not notice anything.',
  steps: [
    {
      plan: 'Run to the next page fault that is the monitor’s own business.',
      run: async (machine) => {
        await machine.reset(true);
        await next(machine, { modes: [0] });
        const exit = await next(machine, {
          exits: faults,
          actions: ['filled'],
        });
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `The hart raised a page fault at ${hex(exit.event.tval)}.`,
              exit.row.exit.endsWith('PageFault'),
            ),
            claim(
              'No CSR of the guest changed: no cause, no trap value, no return address.',
              exit.event.after.csrs.length === 0,
            ),
            claim(
              'The guest goes on with the very instruction that faulted.',
              exit.event.after.pc === exit.event.pc && exit.event.after.mode === exit.event.mode,
            ),
          ],
        };
      },
    },
    {
      plan: 'Walk the address through both tables.',
      run: async (machine) => {
        const exit = await next(machine, {
          exits: faults,
          actions: ['filled'],
        });
        const walk = await walkOf(machine, exit.row.hart, exit.event.tval);
        return {
          exit: exit.row.number,
          claims: [
            claim('The guest’s own table maps the address.', walk.guest.pa !== undefined),
            claim(
              'So does the shadow, now, and to the same byte.',
              walk.host !== undefined && walk.hart?.pa === walk.host,
            ),
          ],
        };
      },
    },
    {
      plan: 'Restart, find such a fault in the kernel while its interrupts are off, and let the instruction try again.',
      run: async (machine) => {
        await machine.reset(true);
        const before = await quietFault(machine);
        await machine.step(1);
        const after = await look(machine, 0);
        return {
          claims: [
            claim(
              `The guest has moved on, from ${hex(before.pc)} to ${hex(after.pc)}.`,
              after.pc !== before.pc,
            ),
            claim(
              'Its scause and sepc are what they were: it never learned of the fault.',
              before.guest('scause') === after.guest('scause') &&
                before.guest('sepc') === after.guest('sepc'),
            ),
          ],
        };
      },
    },
  ],
};
