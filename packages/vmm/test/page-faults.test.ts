import { describe, expect, test } from 'vitest';
import { type ExitEvent, ExitTape, type Policy } from '../src/index.ts';
import { assembleGuest, type BoardOptions, board, delegating, finish } from './pair.ts';

// Page faults that a kernel gets are its own affair: they are taken in place, unless somebody wants to see them.

const rounds = 300;
/** What a round meets: a page that is not there, one that may only be read, one without A, one without D, one that holds no code. */
const perRound = 5;

const pageFaults = 0xb000;
const accessFaults = 0x00a2;

const kernel = (environment: number, body: string, machine = '', causes = pageFaults): string => `
  ${delegating(causes)}
  li t0, ${environment} << 61
  csrw menvcfg, t0
  la t0, fault
  csrw stvec, t0
  la t1, root
  li t2, (0x80000000 >> 12) << 10 | 0xcf
  sd t2, 16(t1)
  la t3, middle
  srli t3, t3, 2
  ori t3, t3, 1
  sd t3, 8(t1)
  la t3, leaves
  srli t4, t3, 2
  ori t4, t4, 1
  la t5, middle
  sd t4, 0(t5)
  la t4, data
  srli t4, t4, 2
  ori t5, t4, 0xc3
  sd t5, 8(t3)
  sd t5, 32(t3)
  srli t1, t1, 12
  li t2, 8 << 60
  or t1, t1, t2
  csrw satp, t1
  li t0, 1 << 11
  csrs mstatus, t0
  la t0, body
  csrw mepc, t0
  mret
body:
${body}
  .balign 4
fault:
  csrr a0, scause
  csrr a1, stval
  csrr a2, sepc
  csrr a3, sstatus
  slli s0, s0, 1
  xor s0, s0, a0
  add s2, s2, a1
  add s3, s3, a2
  add s4, s4, a3
  addi s1, s1, 1
  addi a2, a2, 4
  li a4, 12
  bne a0, a4, 3f
  mv a2, ra
3:
  csrw sepc, a2
  sret
  .balign 4
machine:
${machine}
  li t0, FINISHER
  sw s1, 0(t0)
1: j 1b
  .balign 4096
root: .zero 4096
middle: .zero 4096
leaves: .zero 4096
data: .zero 4096
`;

/** Each of the faults, round after round. */
const allFaults = `
  li s5, ${rounds}
  li s6, 0x40000000
  li s7, 0x1000
1:
  # A and D as they were: walks may have set them.
  la t3, leaves
  ori t5, t4, 0x87
  sd t5, 16(t3)
  ori t5, t4, 0x47
  sd t5, 24(t3)
  sfence.vma
  mv t0, s6
  ld t1, 8(t0)
  add t0, t0, s7
  ld t1, 8(t0)
  sd t1, 8(t0)
  add t0, t0, s7
  ld t1, 16(t0)
  add t0, t0, s7
  ld t1, 24(t0)
  sd t1, 24(t0)
  add t0, t0, s7
  la ra, 2f
  jr t0
2:
  addi s5, s5, -1
  bnez s5, 1b
  ecall
`;

const plain: Policy = { name: 'plain' };

const run = (
  name: 'bare' | 'virtual',
  options: BoardOptions = {},
  environment = 0,
  program = kernel(environment, allFaults),
) => {
  const made = board(name, assembleGuest(program), { policy: plain, ...options });
  const events: ExitEvent[] = [];
  const exitsOf = (): number => {
    const counts = made.machine?.exits.counts() ?? {};
    return (counts.loadPageFault ?? 0) + (counts.storePageFault ?? 0) + (counts.fetchPageFault ?? 0);
  };
  return {
    listen: () => made.machine!.exits.listen((event) => events.push(event)),
    record: () => made.machine!.exits.record(new ExitTape(100_000)),
    events,
    /** Some rounds, with hardly an exit; gives how many page faults the kernel had. */
    begin: () => {
      expect(() => finish(made, 5000)).toThrow();
      expect(exitsOf()).toBeLessThan(40);
      return Number(made.harts[0]!.hart.views.x[9]);
    },
    end: () => {
      const faults = finish(made);
      const { hart, retired } = made.harts[0]!;
      return {
        faults,
        exits: exitsOf(),
        state: { x: hart.views.x.slice(), retired, ticks: made.clock.ticks() },
      };
    },
  };
};

const engines = [
  { engine: 'interpreter' },
  { engine: 'translator', translator: { threshold: 2, batch: 1 } },
] as const;

describe.each(engines)('on the $engine', (engine) => {
  test.each([
    { walks: 'fault on a missing A or D', environment: 0, each: perRound },
    { walks: 'set A and D', environment: 1, each: perRound - 2 },
  ])('with walks that $walks, they are as on the bare machine and seldom exits', ({ environment, each }) => {
    const expected = run('bare', { engine: 'reference' }, environment).end();
    expect(expected.faults).toBe(rounds * each);
    expect(run('bare', engine, environment).end().state).toEqual(expected.state);
    const needed = run('virtual', { ...engine, intercept: 'needed' }, environment).end();
    expect(needed.state).toEqual(expected.state);
    // Where walks set A and D they are the monitor's, one exit each.
    expect(needed.exits).toBeLessThan(environment === 0 ? 40 : 2 * rounds + 40);
    const all = run('virtual', { ...engine, intercept: 'all' }, environment).end();
    expect(all.state).toEqual(expected.state);
    expect(all.exits).toBeGreaterThanOrEqual(rounds * each);
  });

  test('whether walks set A may change while the kernel runs', () => {
    // A page without A, and now and then a call of M-mode, which changes its mind.
    const body = `
      li s5, 64
      li s6, 0x40002000
    1:
      la t3, leaves
      ori t5, t4, 0x87
      sd t5, 16(t3)
      sfence.vma
      ld t1, 8(s6)
      addi s5, s5, -1
      andi t6, s5, 7
      bnez t6, 2f
      ecall
    2:
      bnez s5, 1b
      ebreak`;
    const machine = `
      csrr t0, mcause
      li t1, 9
      bne t0, t1, 8f
      csrr t0, menvcfg
      li t1, 1 << 61
      xor t0, t0, t1
      csrw menvcfg, t0
      sfence.vma
      csrr t0, mepc
      addi t0, t0, 4
      csrw mepc, t0
      mret
    8:`;
    const program = kernel(0, body, machine);
    const expected = run('bare', { engine: 'reference' }, 0, program).end();
    expect(expected.faults).toBe(32);
    for (const name of ['bare', 'virtual'] as const)
      expect(run(name, engine, 0, program).end().state).toEqual(expected.state);
  });

  test('the address with the highest bit alone is none, untranslated: an access fault', () => {
    const body = `
      csrw satp, zero
      li s5, 20
      li t0, 1 << 63
    1:
      ld t1, 0(t0)
      sd t1, 0(t0)
      addi s5, s5, -1
      bnez s5, 1b
      ecall`;
    const program = kernel(0, body, '', pageFaults | accessFaults);
    const expected = run('bare', { engine: 'reference' }, 0, program).end();
    expect(expected.faults).toBe(40);
    for (const name of ['bare', 'virtual'] as const)
      expect(run(name, engine, 0, program).end().state).toEqual(expected.state);
  });

  test('who listens hears of each, from the start or later, and so does a tape', () => {
    const all = rounds * perRound;
    for (const how of ['listen', 'record'] as const) {
      const heard = run('virtual', engine);
      heard[how]();
      expect(heard.end().exits).toBeGreaterThanOrEqual(all);
      const later = run('virtual', engine);
      const before = later.begin();
      expect(before).toBeGreaterThan(0);
      later[how]();
      expect(later.end().exits).toBeGreaterThanOrEqual(all - before);
    }
    const expected = run('bare', { engine: 'reference' }).end();
    const heard = run('virtual', engine);
    const before = heard.begin();
    heard.listen();
    expect(heard.end().state).toEqual(expected.state);
    const reflected = heard.events.filter(
      ({ action }) => action.kind === 'reflected' && !action.trap.interrupt && action.trap.cause >= 12n,
    );
    expect(reflected).toHaveLength(all - before);
  });

  test('a policy sees all of them on their way out or on their way in, if it wants to', () => {
    let out = 0;
    let into = 0;
    const exits: Policy = {
      name: 'exits',
      onExit: (_, { kind }) => {
        if (kind.endsWith('PageFault')) out++;
        return undefined;
      },
    };
    const deliveries: Policy = {
      name: 'deliveries',
      onDeliver: (_, { interrupt, cause }) => {
        if (!interrupt && Number(cause) >= 12) into++;
        return undefined;
      },
    };
    const expected = run('bare', { engine: 'reference' }).end();
    expect(run('virtual', { ...engine, policy: exits }).end().state).toEqual(expected.state);
    expect(out).toBeGreaterThanOrEqual(rounds * perRound);
    expect(run('virtual', { ...engine, policy: deliveries }).end().state).toEqual(expected.state);
    expect(into).toBe(rounds * perRound);
  });
});
