import { csrTable } from '../csr/table.ts';

/** CSRs the harts do not have, so that foreign programs still read well (hypervisor, AIA, debug, state enable, RV32 halves). */
const foreign: readonly (readonly [number: number, ...names: string[]])[] = [
  [0x008, 'vstart', 'vxsat', 'vxrm'],
  [0x00f, 'vcsr'],
  [0x015, 'seed'],
  [0xc20, 'vl', 'vtype', 'vlenb'],
  // Supervisor
  [0x10c, 'sstateen0', 'sstateen1', 'sstateen2', 'sstateen3'],
  [0x114, 'sieh'],
  [0x150, 'siselect', 'sireg'],
  [0x154, 'siph'],
  [0x15c, 'stopei', 'stimecmph'],
  [0x5a8, 'scontext'],
  [0xda0, 'scountovf'],
  [0xdb0, 'stopi'],
  // Hypervisor and virtual supervisor
  [0x200, 'vsstatus'],
  [0x204, 'vsie', 'vstvec'],
  [0x214, 'vsieh'],
  [0x240, 'vsscratch', 'vsepc', 'vscause', 'vstval', 'vsip'],
  [0x24d, 'vstimecmp'],
  [0x250, 'vsiselect', 'vsireg'],
  [0x254, 'vsiph'],
  [0x25c, 'vstopei', 'vstimecmph'],
  [0x280, 'vsatp'],
  [0x600, 'hstatus'],
  [0x602, 'hedeleg', 'hideleg', 'hie', 'htimedelta', 'hcounteren', 'hgeie', 'hvien', 'hvictl', 'henvcfg'],
  [0x60c, 'hstateen0', 'hstateen1', 'hstateen2', 'hstateen3'],
  [0x613, 'hidelegh'],
  [0x615, 'htimedeltah'],
  [0x618, 'hvienh'],
  [0x61a, 'henvcfgh'],
  [0x61c, 'hstateen0h', 'hstateen1h', 'hstateen2h', 'hstateen3h'],
  [0x643, 'htval', 'hip', 'hvip', 'hviprio1', 'hviprio2'],
  [0x64a, 'htinst'],
  [0x655, 'hviph', 'hviprio1h', 'hviprio2h'],
  [0x680, 'hgatp'],
  [0x6a8, 'hcontext'],
  [0xe12, 'hgeip'],
  [0xeb0, 'vstopi'],
  // Machine
  [0x308, 'mvien', 'mvip'],
  [0x30c, 'mstateen0', 'mstateen1', 'mstateen2', 'mstateen3'],
  [0x310, 'mstatush'],
  [0x313, 'midelegh', 'mieh'],
  [0x318, 'mvienh', 'mviph', 'menvcfgh'],
  [0x31c, 'mstateen0h', 'mstateen1h', 'mstateen2h', 'mstateen3h'],
  [0x34a, 'mtinst', 'mtval2'],
  [0x350, 'miselect', 'mireg'],
  [0x354, 'miph'],
  [0x35c, 'mtopei'],
  [0x747, 'mseccfg'],
  [0x757, 'mseccfgh'],
  [0xfb0, 'mtopi'],
  // Debug
  [0x7a4, 'tinfo', 'tcontrol'],
  [0x7a8, 'mcontext'],
  [0x7aa, 'mscontext'],
  [0x7b0, 'dcsr', 'dpc', 'dscratch0', 'dscratch1'],
];

const numbered = (name: string, first: number, suffix = ''): string[] =>
  Array.from({ length: 32 - first }, (_, i) => `${name}${first + i}${suffix}`);

/** RV32 halves of counters and configuration registers. */
const halves: readonly (readonly [number: number, ...names: string[]])[] = [
  [0x723, ...numbered('mhpmevent', 3, 'h')],
  [0xc80, 'cycleh', 'timeh', 'instreth', ...numbered('hpmcounter', 3, 'h')],
  [0xb80, 'mcycleh'],
  [0xb82, 'minstreth', ...numbered('mhpmcounter', 3, 'h')],
  ...Array.from({ length: 8 }, (_, i) => [0x3a1 + 2 * i, `pmpcfg${2 * i + 1}`] as const),
];

const names: ReadonlyMap<number, string> = new Map([
  ...[...foreign, ...halves].flatMap(([first, ...list]) => list.map((name, i) => [first + i, name] as const)),
  ...csrTable.map((row) => [row.number, row.name] as const),
]);
const numbers: ReadonlyMap<string, number> = new Map([...names].map(([number, name]) => [name, number]));

/** The assembler's name of a CSR, or undefined. */
export const csrName = (number: number): string | undefined => names.get(number);

/** The number of a CSR by name, known to the harts or not; undefined when nobody calls a CSR that. */
export const csrNumberByName = (name: string): number | undefined => numbers.get(name);
