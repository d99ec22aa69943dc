import { assemble, csrNumber, S, U } from '@trapline/isa';
import { describe, expect, it } from 'vitest';
import { type ExitEvent, explain, explainLine } from '../src/index.ts';

const pc = 0x8000_0100n;
const word = (source: string): number => {
  const { bytes } = assemble(source, { base: pc });
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
};
const names = {
  nameOf: (address: bigint) => (address === pc ? 'start' : undefined),
  registerAt: () => 'QueueNotify',
};
const event = (source: string, part: Partial<ExitEvent> = {}): ExitEvent => ({
  hart: 1,
  retired: 42n,
  time: 7n,
  mode: S,
  exit: 'illegalInstruction',
  pc,
  word: word(source),
  tval: 0n,
  action: { kind: 'emulated' },
  after: { pc: pc + 4n, mode: S, csrs: [], registers: [] },
  ...part,
});

describe('an exit explained', () => {
  it.each([
    ['csrw satp, a5', 'CSR Address Mapping Conventions', 'number of satp, 0x180, make S-mode the lowest'],
    [
      'csrr a0, mhartid',
      'CSR Address Mapping Conventions',
      'number of mhartid, 0xf14, make M-mode the lowest',
    ],
    ['csrr a0, time', 'Machine Counter-Enable (mcounteren) Register', 'counter-enable registers'],
    ['csrr a0, fcsr', 'Extension Context Status in mstatus Register', 'mstatus.FS is Off'],
    ['fadd.d fa0, fa1, fa2', 'Extension Context Status in mstatus Register', 'mstatus.FS is Off'],
    ['mret', 'Trap-Return Instructions', 'mret is for M-mode alone'],
    ['wfi', 'Wait for Interrupt', 'waiting for interrupts'],
    ['sfence.vma', 'Supervisor Memory-Management Fence Instruction', 'fences'],
    ['cbo.zero (a0)', 'Machine Environment Configuration (menvcfg) Register', 'cache-block'],
    ['.word 0xffffffff', 'Machine Cause (mcause) Register', 'no instruction'],
  ])('%s', (source, rule, because) => {
    const explanation = explain(event(source), names);
    expect(explanation.rule).toBe(rule);
    expect(explanation.sentences[0]).toContain(because);
    expect(explanation.sentences[0]).toContain('at 0x80000100 (start) trapped');
    expect(explanation.sentences[0]).toContain(
      'The guest believes it is in S-mode; the hart runs it in U-mode.',
    );
  });

  it('tells the fields of a CSR that changed, the registers, the mode and where the guest goes on', () => {
    const explanation = explain(
      event('sret', {
        after: {
          pc: 0x1000n,
          mode: U,
          csrs: [{ csr: csrNumber('mstatus'), before: 0x120n, after: 0x22n }],
          registers: [{ register: 10, before: 1n, after: 2n }],
        },
      }),
      names,
    );
    expect(explanation.changes).toEqual([
      {
        what: 'mstatus',
        before: '0x120',
        after: '0x22',
        fields: [
          { field: 'SPP', before: 1n, after: 0n },
          { field: 'SIE', before: 0n, after: 1n },
        ],
      },
      { what: 'a0', before: '0x1', after: '0x2', fields: [] },
      { what: 'mode', before: 'S-mode', after: 'U-mode', fields: [] },
      { what: 'pc', before: '0x80000100', after: '0x1000', fields: [] },
    ]);
    expect(explanation.sentences[1]).toContain(
      'It changed mstatus.SPP 0x1 \u2192 0x0, mstatus.SIE 0x0 \u2192 0x1, mode S-mode \u2192 U-mode.',
    );
  });

  it('says what the monitor did: filled, reflected, served, made the access', () => {
    const did = (action: ExitEvent['action']) =>
      explain(event('ld a0, 0(a1)', { exit: 'loadPageFault', action }), names);
    expect(
      did({ kind: 'filled', va: 0x1000n, gpa: 0x2000n, hpa: 0x3000n, leaf: 0n, around: 0 }).sentences[1],
    ).toContain('0x1000 is guest-physical 0x2000, which lies at host-physical 0x3000');
    const fault = { interrupt: false, cause: 13, tval: 0x1000n };
    expect(did({ kind: 'reflected', trap: fault, to: S }).sentences[1]).toContain(
      'scause to \u201cload page fault\u201d and sent the guest to its S-mode handler',
    );
    const access = { gpa: 0x1000_1050n, write: true, bytes: 4, value: 0n, device: 'virtio-blk' };
    expect(did({ kind: 'device', ...access }).sentences[1]).toBe(
      'The guest wrote 0x0 (4 bytes) to virtio-blk QueueNotify at 0x10001050.',
    );
    expect(did({ kind: 'firmware', extension: 0x10n, function: 3n }).sentences[1]).toContain(
      'extension 0x10, function 3',
    );
  });

  it('fits in a line of a trace', () => {
    expect(explainLine(event('csrw satp, a5'), names)).toBe(
      '[42] hart1 S 0x80000100 <start> csrw satp,a5: illegalInstruction (privileged or unknown instruction in user mode); executed on the shadow state',
    );
  });
});
