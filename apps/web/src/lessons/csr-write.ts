import { changed, claim, hex, type Lesson, look, next } from './lesson.ts';

export const csrWrite: Lesson = {
  title: 'A CSR write traps',
  about:
    'Control and status registers hold what makes a kernel a kernel: where traps go, which interrupts are on. In user mode the hart refuses to touch them, and that refusal is the monitor’s chance.',
  steps: [
    {
      plan: 'Restart and run to where the guest sets stvec, the address of its trap handler.',
      run: async (machine) => {
        await machine.reset(true);
        const exit = await next(machine, { csr: 'stvec', exits: ['illegalInstruction'] });
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `“${exit.row.text}” raised an illegal-instruction exception.`,
              exit.row.exit === 'illegalInstruction',
            ),
            claim(
              'The section that makes it trap is “CSR Address Mapping Conventions”: the number of a CSR says who may touch it.',
              exit.explanation.rule === 'CSR Address Mapping Conventions',
            ),
          ],
        };
      },
    },
    {
      plan: 'Compare what the guest believes with what the hart has.',
      run: async (machine) => {
        const { guest, real } = await look(machine, 0);
        return {
          claims: [
            claim(
              `The guest reads back what it wrote: its stvec is ${hex(guest('stvec'))}.`,
              guest('stvec') !== 0n,
            ),
            claim(
              `The hart’s own stvec is ${hex(real('stvec'))}: nothing was written there.`,
              real('stvec') === 0n,
            ),
          ],
        };
      },
    },
    {
      plan: 'Restart and look at one write more closely: what changed, and where the guest goes on.',
      run: async (machine) => {
        await machine.reset(true);
        const exit = await next(machine, { csr: 'stvec', exits: ['illegalInstruction'] });
        const change = changed(exit, 'stvec');
        const { guest } = await look(machine, exit.row.hart);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `The monitor changed one CSR, stvec, from ${change?.before} to ${change?.after}.`,
              exit.event.after.csrs.length === 1 && change?.after === hex(guest('stvec')),
            ),
            claim(
              'The guest goes on with the next instruction, as if the hart had done it.',
              exit.event.after.pc - exit.event.pc === 4n,
            ),
            claim('Its mode is what it was.', exit.event.after.mode === exit.event.mode),
          ],
        };
      },
    },
  ],
};
