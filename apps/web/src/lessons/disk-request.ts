import { claim, hex, type Lesson, look, next, nextThat, walkOf } from './lesson.ts';

const externals: readonly number[] = [9, 11];

export const diskRequest: Lesson = {
  title: 'A disk request through virtio',
  about:
    'A disk is a device made for virtual machines: requests lie in a ring in memory, and one store to a register says “look”. That store is the only thing that traps.',
  steps: [
    {
      plan: 'Restart and run to the store with which the guest’s driver rings the disk’s bell.',
      run: async (machine) => {
        await machine.reset(true);
        const exit = await next(machine, { device: 'virtio-blk QueueNotify' });
        const { action } = exit.event;
        const gpa = action.kind === 'device' ? action.gpa : 0n;
        const walk = await walkOf(machine, exit.row.hart, gpa);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `“${exit.row.text}” wrote to the QueueNotify register at ${hex(gpa)}.`,
              action.kind === 'device' &&
                action.write &&
                exit.explanation.sentences.join().includes('QueueNotify'),
            ),
            claim(
              `No memory of the host is behind ${hex(gpa)}: the board has the ${walk.device} there.`,
              walk.host === undefined && walk.device === 'virtio-blk',
            ),
            claim(
              'The shadow page table maps nothing there, so every access traps.',
              walk.hart?.pa === undefined,
            ),
          ],
        };
      },
    },
    {
      plan: 'The disk answers with an interrupt. Run to it.',
      run: async (machine) => {
        const exit = await nextThat(
          machine,
          { exits: ['interrupt'] },
          ({ event: { action } }) => action.kind === 'reflected' && externals.includes(action.trap.cause),
        );
        const { guest } = await look(machine, exit.row.hart);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `The guest takes an external interrupt: scause is ${hex(guest('scause'))}.`,
              guest('scause') === ((1n << 63n) | 9n),
            ),
          ],
        };
      },
    },
    {
      plan: 'Its handler asks the interrupt controller who it was.',
      run: async (machine) => {
        const exit = await next(machine, { device: 'plic claim' });
        const { action } = exit.event;
        const source = action.kind === 'device' && !action.write ? action.value : 0n;
        return {
          exit: exit.row.number,
          claims: [
            claim(`The controller answers ${source}: the virtio slot of the disk.`, source === 1n),
            claim(
              'That was a device access too, and the monitor made it.',
              exit.row.exit === 'mmio' && exit.event.action.kind === 'device',
            ),
          ],
        };
      },
    },
  ],
};
