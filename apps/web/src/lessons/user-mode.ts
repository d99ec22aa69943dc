import { claim, type Lesson, type LessonMachine, look, modeNames, next } from './lesson.ts';

/** Runs to an exit out of the guest's mode, and compares the two worlds there. */
async function at(machine: LessonMachine, mode: 0 | 1 | 3) {
  const exit = await next(machine, { modes: [mode], exits: ['illegalInstruction'] });
  const { worlds } = await look(machine, exit.row.hart);
  return {
    exit: exit.row.number,
    claims: [
      claim(
        `The guest was in ${modeNames[mode]} when “${exit.row.text ?? exit.row.exit}” took it to the monitor.`,
        exit.event.mode === mode,
      ),
      claim('The hart that ran it is in U-mode.', worlds[1]?.privilege === 0),
    ],
  };
}

export const userMode: Lesson = {
  title: 'The guest kernel is in user mode',
  about:
    'A kernel expects to own the machine. Under a trap-and-emulate monitor it owns nothing: all of it, machine mode included, runs in the user mode of the hart, and what it believes about its mode is a note the monitor keeps.',
  steps: [
    {
      plan: 'Restart the machine and run to the first exit to the monitor. A RISC-V kernel starts in M-mode, the most privileged one.',
      run: async (machine) => {
        await machine.reset(true);
        return at(machine, 3);
      },
    },
    {
      plan: 'Run on until the kernel proper, in S-mode, does something privileged.',
      run: (machine) => at(machine, 1),
    },
    {
      plan: 'Run on until a user program asks its kernel for something.',
      run: async (machine) => {
        const exit = await next(machine, { modes: [0], exits: ['ecall'] });
        const { worlds } = await look(machine, exit.row.hart);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              'The program was in U-mode, in the guest as in the hart.',
              exit.event.mode === 0 && worlds[1]?.privilege === 0,
            ),
            claim(
              'The monitor delivered the call to the guest, which is in S-mode now: to its kernel it looks like any system call.',
              exit.event.action.kind === 'reflected' && worlds[0]?.privilege === 1,
            ),
            claim('The hart is still in U-mode.', worlds[1]?.privilege === 0),
          ],
        };
      },
    },
  ],
};
