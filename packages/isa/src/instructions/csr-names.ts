import { csrTable } from '../csr/table.ts';

/** CSRs the harts do not have, so that foreign programs still read well (hypervisor, debug, state enable, RV32 halves). */
const foreign: readonly (readonly [number: number, ...names: string[]])[] = [
  [0x008, 'vstart', 'vxsat', 'vxrm'],
  [0x00f, 'vcsr'],
  [0x015, 'seed'],
  [0x10c, 'sstateen0', 'sstateen1', 'sstateen2', 'sstateen3'],
  [0x200, 'vsstatus'],
  [0x204, 'vsie', 'vstvec'],
  [0x240, 'vsscratch', 'vsepc', 'vscause', 'vstval', 'vsip'],
  [0x24d, 'vstimecmp'],
  [0x25d, 'vstimecmph'],
  [0x280, 'vsatp'],
  [0x600, 'hstatus'],
  [0x602, 'hedeleg', 'hideleg', 'hie', 'htimedelta', 'hcounteren', 'hgeie'],
  [0x60a, 'henvcfg'],
  [0x60c, 'hstateen0', 'hstateen1', 'hstateen2', 'hstateen3'],
  [0x615, 'htimedeltah'],
  [0x61a, 'henvcfgh'],
  [0x61c, 'hstateen0h', 'hstateen1h', 'hstateen2h', 'hstateen3h'],
  [0x643, 'htval', 'hip', 'hvip'],
  [0x64a, 'htinst'],
  [0x680, 'hgatp'],
  [0xe12, 'hgeip'],
  [0x15d, 'stimecmph'],
  [0x310, 'mstatush'],
  [0x30c, 'mstateen0', 'mstateen1', 'mstateen2', 'mstateen3'],
  [0x31a, 'menvcfgh'],
  [0x31c, 'mstateen0h', 'mstateen1h', 'mstateen2h', 'mstateen3h'],
  [0x34a, 'mtinst', 'mtval2'],
  [0x5a8, 'scontext'],
  [0x6a8, 'hcontext'],
  [0x747, 'mseccfg'],
  [0x757, 'mseccfgh'],
  [0x7a4, 'tinfo', 'tcontrol'],
  [0x7a8, 'mcontext'],
  [0x7aa, 'mscontext'],
  [0x7b0, 'dcsr', 'dpc', 'dscratch0', 'dscratch1'],
  [0xc20, 'vl', 'vtype', 'vlenb'],
  [0xda0, 'scountovf'],
];

const odd = (names: readonly string[]): string[] => names.flatMap((name, i) => (i % 2 ? [name] : []));
const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);

/** RV32 halves: every second configuration register, and the high words of the counters. */
const halves: readonly (readonly [number, string])[] = [
  ...odd(numbered('pmpcfg', 16)).map((name, i) => [0x3a1 + 2 * i, name] as const),
  ...(
    [
      [0xc80, ''],
      [0xb80, 'm'],
    ] as const
  ).flatMap(([base, prefix]) => [
    [base, `${prefix}cycleh`] as const,
    ...(prefix ? [] : [[base + 1, 'timeh'] as const]),
    [base + 2, `${prefix}instreth`] as const,
    ...numbered(`${prefix}hpmcounter`, 32)
      .slice(3)
      .map((name, i) => [base + 3 + i, `${name}h`] as const),
  ]),
];

const names: ReadonlyMap<number, string> = new Map([
  ...foreign.flatMap(([first, ...list]) => list.map((name, i) => [first + i, name] as const)),
  ...halves,
  ...csrTable.map((row) => [row.number, row.name] as const),
]);
const numbers: ReadonlyMap<string, number> = new Map([...names].map(([number, name]) => [name, number]));

/** The assembler's name of a CSR, or undefined. */
export const csrName = (number: number): string | undefined => names.get(number);

/** The number of a CSR by name, known to the harts or not; undefined when nobody calls a CSR that. */
export const csrNumberByName = (name: string): number | undefined => numbers.get(name);
