import type { OpenedExit } from '../machine/exits.ts';
import { claim, hex, type Lesson, look, nextThat, typed } from './lesson.ts';

const timers: readonly number[] = [5, 7];
const interruptBit = 1n << 63n;

const isTimer = ({ event: { action } }: OpenedExit): boolean =>
  action.kind === 'reflected' && action.trap.interrupt && timers.includes(action.trap.cause);

export const timer: Lesson = {
  title: 'A timer interrupt is injected',
  about:
    'The guest sets its timer by a CSR or a device, and both are the monitor’s. When the time has come no interrupt reaches the hart: the monitor stops it between two instructions and makes the guest’s state what an interrupt would have made of it.',
  steps: [
    {
      plan: 'Give the guest something to compute, and run to its next timer interrupt.',
      run: async (machine) => {
        await machine.resume('you');
        await machine.printed('$', 30_000);
        await machine.input(typed('primes 30000\n'));
        const exit = await nextThat(machine, { exits: ['interrupt'] }, isTimer);
        const { action, after, pc } = exit.event;
        if (action.kind !== 'reflected') return { claims: [] };
        const level = action.to === 3 ? 'm' : 's';
        const { guest, real } = await look(machine, exit.row.hart);
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `${level}cause is ${hex(guest(`${level}cause`))}: an interrupt, code ${action.trap.cause}.`,
              guest(`${level}cause`) === (interruptBit | BigInt(action.trap.cause)),
            ),
            claim(
              `${level}epc is ${hex(guest(`${level}epc`))}, the instruction the guest had come to.`,
              guest(`${level}epc`) === pc,
            ),
            claim(
              `The guest goes on at its handler: pc is what ${level}tvec says, ${hex(after.pc)}.`,
              after.pc === (guest(`${level}tvec`) & ~3n),
            ),
            claim(
              `The hart had no interrupt of its own: its mie is ${hex(real('mie'))}.`,
              real('mie') === 0n,
            ),
          ],
        };
      },
    },
    {
      plan: 'Let the handler return.',
      run: async (machine) => {
        const exit = await nextThat(
          machine,
          { exits: ['illegalInstruction'] },
          ({ row }) => row.text === 'sret' || row.text === 'mret',
        );
        return {
          exit: exit.row.number,
          claims: [
            claim(
              `“${exit.row.text}” trapped like every privileged instruction.`,
              exit.row.exit === 'illegalInstruction',
            ),
            claim(
              `The monitor took the guest back to where its epc said, ${hex(exit.event.after.pc)}.`,
              exit.event.after.pc !== exit.event.pc + 4n,
            ),
          ],
        };
      },
    },
  ],
};
