import { csrTable } from '@trapline/isa';
import { Port } from '../devices.ts';
import { Service } from '../kit/handlers.ts';
import {
  codeWindow,
  dataBase,
  dataPages,
  deviceWindow,
  executableBase,
  farBase,
  farBytes,
  hole,
  superWindow,
  tableAt,
  tablesBase,
  tableWindow,
  windowBases,
  windowPages,
} from '../kit/layout.ts';
import { symbols } from '../pair.ts';
import type { Rng } from './rng.ts';
import { entryFor, superEntry } from './tables.ts';

/** What a block is made for. `mode` is where the program probably is; traps may have taken it elsewhere, which is fine. */
export interface Scene {
  readonly rng: Rng;
  readonly hart: number;
  readonly harts: number;
  /** Illegal instructions may go to S-mode: then nothing the S handler needs may be made illegal. */
  readonly illegalDelegated: boolean;
  /** Access faults may go to S-mode: then its tables stay readable. */
  readonly faultsDelegated: boolean;
  mode: 0 | 1 | 3;
}

type Block = (scene: Scene) => readonly string[];

const hex = (value: bigint | number): string => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
const values = 's0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 a0 a1 a2 a3 a4 a5 t3 t4 t5 t6 gp tp'.split(' ');
const evenPairs = 'a0 a2 a4 s2 s4 s6 s8 t3 t5'.split(' ');
const floats = Array.from({ length: 32 }, (_, i) => `f${i}`);

const goTo = (mode: 0 | 1 | 3): string[] => [`li a6, 0`, `li a7, ${mode}`, 'ecall'];
const sync = (): string[] => [`li a7, ${Service.sync}`, 'ecall'];
/** M-mode, whatever it takes. */
const inMachine = (scene: Scene): string[] => {
  const from = scene.mode;
  scene.mode = 3;
  return from === 3 ? [] : goTo(3);
};

const offset = (rng: Rng): number =>
  rng.weighted([
    [5, () => 8 * rng.below(512)],
    [3, () => 16 * rng.below(4)],
    [3, () => 0xff0 + rng.below(16)],
    [2, () => rng.below(4096)],
  ])();

const device = ({ rng, mode }: Scene): bigint => {
  const register = rng.pick([Port.print, Port.counter, Port.scratch, Port.scratch, 0x38]);
  const inPort = BigInt(symbols.PORT! + register + rng.pick([0, 0, 0, 1, 2, 4, 6]));
  const where = rng.chance(80) ? inPort : BigInt(symbols.MTIME!);
  return deviceWindow[mode] + where;
};

const inWindow = (rng: Rng): bigint =>
  rng.pick(windowBases) + BigInt(0x1000 * rng.below(windowPages) + offset(rng));
const inSuper = (rng: Rng): bigint => superWindow + BigInt(rng.below(farBytes + 0x2000));
const inData = (rng: Rng): bigint => BigInt(dataBase + 0x1000 * rng.below(dataPages) + offset(rng));
const atEnd = (rng: Rng): bigint => BigInt(hole - 8 + rng.below(12));
const wild = (rng: Rng): bigint =>
  rng.pick([
    (1n << 40n) + BigInt(rng.word()),
    (1n << 56n) + 8n,
    (1n << 38n) + 0x1000_0000n,
    (1n << 47n) + 0x1000_0000n,
    (1n << 63n) + 0x1000_0000n,
    -8n,
    -3n,
    0n,
    0x7f_ffff_fffcn,
    0xffff_ffc0_0000_0000n,
  ]);

/** An address an access can be tried at. */
const address = (scene: Scene): bigint => {
  const { rng, mode } = scene;
  const choices: [number, () => bigint][] =
    mode === 3
      ? [
          [60, () => inData(rng)],
          [10, () => BigInt(farBase + rng.below(farBytes - 16))],
        ]
      : [
          [70, () => inWindow(rng)],
          [8, () => inSuper(rng)],
          [8, () => inData(rng)],
        ];
  return rng.weighted([...choices, [8, () => device(scene)], [3, () => atEnd(rng)], [3, () => wild(rng)]])();
};

const loads = 'lb lbu lh lhu lw lwu ld ld ld flw fld'.split(' ');
const stores = 'sb sh sw sd sd sd fsw fsd'.split(' ');
const amos = 'amoadd amoswap amoand amoor amoxor amomin amomaxu amomax amominu'.split(' ');

const isFloat = (name: string): boolean => name.startsWith('f');

/** One access at t0. */
const accessAt = (rng: Rng): string[] => {
  const value = rng.pick(values);
  const width = rng.pick(['w', 'd']);
  return rng.weighted<() => string[]>([
    [
      40,
      () =>
        [loads]
          .map((names) => rng.pick(names))
          .map((n) => `${n} ${isFloat(n) ? rng.pick(floats) : value}, 0(t0)`),
    ],
    [40, () => [rng.pick(stores)].map((n) => `${n} ${isFloat(n) ? rng.pick(floats) : value}, 0(t0)`)],
    [
      12,
      () => [
        `${rng.pick(amos)}.${width}${rng.pick(['', '.aq', '.rl', '.aqrl'])} ${value}, ${rng.pick(values)}, (t0)`,
      ],
    ],
    [4, () => [`lr.${width} ${value}, (t0)`]],
    [4, () => [`sc.${width} ${value}, ${rng.pick(values)}, (t0)`]],
    [3, () => [`amocas.${width} ${value}, ${rng.pick(values)}, (t0)`]],
    [2, () => [`amocas.q ${rng.pick(evenPairs)}, ${rng.pick(evenPairs)}, (t0)`]],
    [1, () => [`cbo.${rng.pick(['zero', 'clean', 'flush', 'inval'])} (t0)`]],
  ])();
};

const access = (scene: Scene): string[] => [`li t0, ${hex(address(scene))}`, ...accessAt(scene.rng)];
const times = (count: number, make: () => readonly string[]): string[] =>
  Array.from({ length: count }, make).flat();

const accesses: Block = (scene) => times(scene.rng.between(2, 6), () => access(scene));

/** The same page read, written, and read again through what was cached. */
const again: Block = (scene) => {
  const { rng } = scene;
  const at = address(scene);
  return [`li t0, ${hex(at)}`, ...times(rng.between(3, 6), () => accessAt(rng))];
};

const reserve: Block = (scene) => {
  const { rng } = scene;
  const at = (address(scene) & ~7n) | (rng.chance(10) ? 4n : 0n);
  const width = rng.pick(['w', 'd']);
  const between = rng.pick<() => readonly string[]>([
    () => [],
    () => ['ecall'].flatMap(() => sync()),
    () => access(scene),
    () => ['csrr s3, cycle'],
    () => ['fence', 'fence.i'],
  ])();
  return [
    ...between.slice(0, 0),
    `li t1, ${hex(at)}`,
    `lr.${width} s2, (t1)`,
    ...between,
    `sc.${rng.chance(80) ? width : 'w'} s3, s4, (t1)`,
    `sc.${width} s5, s4, (t1)`,
  ];
};

const change: Block = (scene) => {
  scene.mode = scene.rng.pick([0, 0, 1, 1, 3]);
  return goTo(scene.mode);
};

/** Their values keep the program alive. */
const kept = new Set(
  'mtvec stvec mscratch sscratch satp medeleg pmpcfg0 pmpaddr6 pmpaddr7 mstatus sstatus menvcfg mie sie'.split(
    ' ',
  ),
);
const isPmp = (name: string): boolean => name.startsWith('pmp');
const csrs = csrTable.map(({ name }) => name).filter((name) => !kept.has(name) && !isPmp(name));
const favourites =
  'mip sip mideleg mcounteren scounteren senvcfg mcountinhibit mcycle minstret fcsr fflags frm cycle time instret stimecmp mepc sepc scause stval mcause mtval'.split(
    ' ',
  );

const csrOp = (rng: Rng, name: string, value: bigint | undefined): string[] => {
  const op = rng.pick(['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci']);
  const rd = rng.pick([...values, 'zero']);
  if (op.endsWith('i')) return [`${op} ${rd}, ${name}, ${rng.below(32)}`];
  if (rng.chance(15)) return [`${op === 'csrrw' ? 'csrrs' : op} ${rd}, ${name}, zero`];
  return [`li t0, ${hex(value ?? rng.value())}`, `${op} ${rd}, ${name}, t0`];
};

const csrTraffic: Block = ({ rng, mode }) =>
  times(rng.between(2, 6), () => {
    if (rng.chance(6)) return [`csrr ${rng.pick(values)}, ${hex(rng.below(4096))}`];
    const name = rng.pick(rng.chance(60) ? favourites : csrs);
    const read = rng.pick(
      mode === 3 ? ['mstatus', 'mip', 'mie', 'misa', 'medeleg'] : ['sstatus', 'sip', 'sie', 'satp'],
    );
    return [...csrOp(rng, name, undefined), `csrr ${rng.pick(values)}, ${read}`];
  });

const bit = (at: number): bigint => 1n << BigInt(at);
const statusBits = { free: [1, 3, 5, 7, 8, 11, 12, 13, 14, 17, 18, 19], traps: [20, 21, 22] } as const;

/** mstatus and sstatus: enables, stacks, FS, SUM, MXR, MPRV, TVM, TW, TSR. */
const status: Block = (scene) => {
  const { rng } = scene;
  const head = rng.chance(50) ? inMachine(scene) : [];
  const name = scene.mode === 3 ? 'mstatus' : 'sstatus';
  const bits = [...statusBits.free, ...(scene.illegalDelegated ? [] : statusBits.traps)];
  const some = bits.filter(() => rng.chance(30)).reduce((sum, at) => sum | bit(at), 0n);
  const op = scene.illegalDelegated ? rng.pick(['csrrs', 'csrrc']) : rng.pick(['csrrs', 'csrrc', 'csrrw']);
  return [...head, `li t0, ${hex(some)}`, `${op} ${rng.pick(values)}, ${name}, t0`];
};

const delegation: Block = (scene) => {
  const { rng } = scene;
  const allowed = 0xb1fbn & ~(scene.faultsDelegated ? 0n : 0xa2n);
  const illegal = scene.illegalDelegated ? rng.pick([0n, 4n]) : 0n;
  return [
    ...inMachine(scene),
    `li t0, ${hex((BigInt(rng.word()) & allowed & ~0x200n) | illegal)}`,
    'csrw medeleg, t0',
    `li t0, ${hex(rng.word())}`,
    'csrw mideleg, t0',
  ];
};

const interrupts: Block = (scene) => {
  const { rng } = scene;
  const head = rng.chance(60) ? inMachine(scene) : [];
  const machine = scene.mode === 3;
  return [
    ...head,
    `li t0, ${hex(rng.word() & 0xaaa)}`,
    `csr${rng.pick(['s', 'w'])} ${machine ? 'mie' : 'sie'}, t0`,
    `csrsi ${machine ? 'mstatus' : 'sstatus'}, ${machine ? rng.pick([8, 10, 2]) : 2}`,
    ...(rng.chance(50) ? [`li t0, ${hex(rng.word() & 0x222)}`, `csrs ${machine ? 'mip' : 'sip'}, t0`] : []),
    'nop',
  ];
};

const timer: Block = (scene) => {
  const { rng } = scene;
  if (rng.chance(50)) {
    return [
      ...inMachine(scene),
      ...(rng.chance(70) ? ['li t1, -1', 'slli t1, t1, 63', 'csrs menvcfg, t1'] : []),
      'csrr t0, time',
      `addi t0, t0, ${rng.below(120)}`,
      'csrw stimecmp, t0',
      'li t0, 32',
      'csrs mie, t0',
    ];
  }
  return [`li a0, ${rng.below(200)}`, `li a7, ${Service.armTimer}`, 'ecall'];
};

const waitForInterrupt: Block = ({ rng }) => [
  `li a0, ${rng.between(1, 300)}`,
  `li a7, ${Service.armTimer}`,
  'ecall',
  'wfi',
];

const external: Block = (scene) => {
  const { rng, harts } = scene;
  const base = deviceWindow[scene.mode];
  const to = rng.below(harts);
  if (rng.chance(40)) {
    return [
      `li t0, ${hex(base + BigInt(symbols.CLINT! + 4 * to))}`,
      `li t1, ${rng.below(2)}`,
      'sw t1, 0(t0)',
    ];
  }
  const register = rng.pick([Port.machineExternal, Port.supervisorExternal]);
  return [
    `li t0, ${hex(base + BigInt(symbols.PORT! + register))}`,
    `li t1, ${to * 2 + rng.below(2)}`,
    `${rng.pick(['sb', 'sh', 'sw', 'sd'])} t1, 0(t0)`,
  ];
};

const protection: Block = (scene) => {
  const { rng, hart } = scene;
  const entry = rng.below(6);
  const base = rng.weighted([
    [8, dataBase],
    [2, executableBase],
    [1, farBase],
    [scene.faultsDelegated ? 0 : 1, tablesBase(hart)],
  ]);
  const at = BigInt(base + 4 * rng.below(rng.pick([16, 2048, 0x4000])));
  const size = bit(rng.pick([3, 4, 6, 12, 13, 14, 16]));
  const napot = ((at & ~(size - 1n)) >> 2n) | ((size >> 3n) - 1n);
  const mode = rng.pick([0, 1, 2, 3, 3]);
  const config = rng.below(8) | (mode << 3) | (rng.chance(2) && base !== tablesBase(hart) ? 0x80 : 0);
  // TOR counts from the entry below, which for the lowest one is address 0: code and handlers would be in it.
  const usable = mode === 1 && entry === 0 ? config & 7 : config;
  return [
    ...inMachine(scene),
    `li t0, ${hex(0xffn << BigInt(8 * entry))}`,
    'csrc pmpcfg0, t0',
    `li t0, ${hex(mode === 3 ? napot : at >> 2n)}`,
    `csrw pmpaddr${entry}, t0`,
    `li t0, ${hex(BigInt(usable) << BigInt(8 * entry))}`,
    'csrs pmpcfg0, t0',
  ];
};

const unprotect: Block = (scene) => [...inMachine(scene), 'li t0, 0xffffffffffff', 'csrc pmpcfg0, t0'];

/** A store of some kind at t0, which is in a page table: of `value`, or of a part of it, or of some of its bits. */
const tableStore = (rng: Rng, value: bigint): string[] => {
  const load = `li t1, ${hex(value)}`;
  return rng.pick([
    [load, 'sd t1, 0(t0)'],
    [load, 'sd t1, 0(t0)'],
    [load, 'amoswap.d s2, t1, (t0)'],
    [load, 'lr.d s2, (t0)', 'sc.d s3, t1, (t0)'],
    [load, 'ld s2, 0(t0)', 'amocas.d s2, t1, (t0)'],
    [load, 'fmv.d.x f5, t1', 'fsd f5, 0(t0)'],
    [`li t1, ${hex(value & 0xffn)}`, 'sb t1, 0(t0)'],
    [`li t1, ${hex(~rng.pick([0x40n, 0x80n, 0xc0n, 4n, 1n]))}`, 'amoand.d s2, t1, (t0)'],
    [`li t1, ${hex(rng.pick([0x40n, 0x80n, 0xc0n, 1n, 0x11n]))}`, 'amoor.d s2, t1, (t0)'],
    [load, 'sw t1, 0(t0)', 'srli t1, t1, 32', 'sw t1, 4(t0)'],
  ]);
};

const fenceForms = ['sfence.vma', 'sfence.vma zero, zero', 'sinval.vma zero, zero'];

/** Changes the window's tables: through physical addresses, the identity map or the window's own view; then a fence. */
const edit: Block = (scene) => {
  const { rng, hart } = scene;
  const head = rng.chance(40) || scene.mode === 0 ? inMachine(scene) : [];
  const upper = rng.chance(12);
  const index = upper ? 129 : rng.below(28);
  const value = upper ? superEntry(rng) : entryFor(rng, hart, index);
  const table = tableAt(hart, upper ? 'window1' : 'window0') + 8 * index;
  const byWindow = rng.pick(windowBases) + BigInt(0x1000 * (tableWindow + rng.below(4)) + 8 * index);
  const through = scene.mode === 1 && rng.chance(50) ? byWindow : BigInt(table);
  const writes = through === byWindow ? [`li t1, ${hex(value)}`, 'sd t1, 0(t0)'] : tableStore(rng, value);
  // The view may show any table, and then it is some other entry that changes: to what any entry may be.
  const safe =
    through === byWindow
      ? [`li t1, ${hex(index < windowPages && !upper ? 0n : value & ~0x10n)}`, 'sd t1, 0(t0)']
      : writes;
  return [
    ...head,
    `li t0, ${hex(through)}`,
    ...(through === byWindow ? safe : writes),
    rng.pick(fenceForms),
    ...sync(),
  ];
};

/** Many entries at once, as a kernel that builds a table. */
const editMany: Block = (scene) => {
  const { rng, hart } = scene;
  const first = rng.below(18);
  const lines = times(rng.between(3, 8), () => {
    const index = first + rng.below(4);
    return [
      `li t1, ${hex(entryFor(rng, hart, index))}`,
      `li t0, ${hex(tableAt(hart, 'window0') + 8 * index)}`,
      'sd t1, 0(t0)',
    ];
  });
  return [
    ...inMachine(scene),
    ...lines,
    ...sync(),
    ...goTo(1),
    ...times(3, () => access({ ...scene, mode: 1 })),
    ...goTo(3),
  ];
};

/** Through the root's own entry, and through a leaf table taken for a middle one. */
const recursive: Block = (scene) => {
  const { rng } = scene;
  const at =
    (BigInt(5) << 30n) |
    (BigInt(rng.pick([0, 0, 2, 5, 24, rng.below(28)])) << 21n) |
    (BigInt(rng.pick([129, 1, 3, 4, rng.below(28)])) << 12n);
  return [
    ...goTo(rng.pick([0, 1])),
    ...sync(),
    `li t0, ${hex(at + BigInt(8 * rng.below(16)))}`,
    `ld ${rng.pick(values)}, 0(t0)`,
    ...sync(),
  ];
};

const roots = ['rootA', 'rootB', 'rootC', 'rootD'] as const;
const modes = { rootA: 8n, rootB: 8n, rootC: 9n, rootD: 10n } as const;

const switchRoot: Block = (scene) => {
  const { rng, hart } = scene;
  const head = rng.chance(50) || scene.mode === 0 ? inMachine(scene) : [];
  const root = rng.pick(roots);
  const asid = BigInt(rng.below(3));
  const satp = rng.chance(8) ? 0n : (modes[root] << 60n) | (asid << 44n) | BigInt(tableAt(hart, root) / 4096);
  return [
    ...head,
    `li t0, ${hex(satp)}`,
    `csrrw ${rng.pick(values)}, satp, t0`,
    ...(rng.chance(30) ? ['sfence.vma'] : []),
  ];
};

/** Root after root, an access under each. */
const storm: Block = (scene) => {
  const head = inMachine(scene);
  scene.mode = 1;
  return [
    ...head,
    ...goTo(1),
    ...times(4, () => [
      ...switchRoot({ ...scene, mode: 1 }).filter((line) => !line.includes('a7') && line !== 'ecall'),
      ...access(scene),
    ]),
  ];
};

const environment: Block = (scene) => {
  const { rng } = scene;
  const bits = [0, 4, 5, 6, 7, 61, 62, 63]
    .filter(() => rng.chance(50))
    .reduce((sum, at) => sum | bit(at), 0n);
  return [...inMachine(scene), `li t0, ${hex(bits)}`, 'csrw menvcfg, t0', ...sync()];
};

const lent: Block = (scene) => {
  const { rng } = scene;
  const privilege = rng.pick([0, 1, 1, 3]);
  const head = inMachine(scene);
  const through: Scene = { ...scene, mode: rng.chance(70) ? 1 : 3 };
  return [
    ...head,
    'li t0, 0x21800',
    'csrc mstatus, t0',
    `li t0, ${hex(0x20000 | (privilege << 11) | (rng.chance(50) ? 0x40000 : 0) | (rng.chance(50) ? 0x80000 : 0))}`,
    'csrs mstatus, t0',
    ...times(rng.between(1, 5), () => access(through)),
    'li t0, 0x20000',
    'csrc mstatus, t0',
  ];
};

const returns: Block = (scene) => {
  const { rng } = scene;
  const machine = scene.mode === 3 && rng.chance(70);
  if (machine) {
    return [
      'la t0, 1f',
      'csrw mepc, t0',
      `li t0, ${rng.pick([0, 0x800, 0x1800])}`,
      'csrs mstatus, t0',
      'mret',
      '1:',
    ];
  }
  return ['la t0, 1f', 'csrw sepc, t0', `li t0, ${rng.pick([0, 0x100])}`, 'csrs sstatus, t0', 'sret', '1:'];
};

/** Calls code through a page of the window, from its start or over the end of it. */
const call: Block = (scene) => {
  const { rng } = scene;
  const at =
    rng.pick(windowBases) +
    BigInt(0x1000 * codeWindow + rng.pick([0, 8, 0xffe, 0xffe, 0xffc, 0x1000, 0x1ffe]));
  return ['la ra, 1f', `li t0, ${hex(at)}`, 'jr t0', '1:'];
};

/** addi s2, s2, n and other words a program writes over its own code. */
const newCode = (rng: Rng): string =>
  hex(
    rng.pick([0x13n, 0x0009_0913n, 0x0019_0913n, 0x0000_1073n, 0x30002973n, 0n, 0xffff_ffffn, 0x00f00913n]),
  );

const selfModifying: Block = ({ rng }) => {
  const word = newCode(rng);
  const store = rng.pick(['sw', 'sw', 'sh', 'sb']);
  return [
    'la t0, 1f',
    ...(rng.chance(50) ? ['li t2, 2', '2:'] : ['li t2, 1', '2:']),
    '1: addi s2, s2, 1',
    `li t1, ${word}`,
    `${store} t1, 0(t0)`,
    ...(rng.chance(50) ? ['fence.i'] : []),
    'addi t2, t2, -1',
    'bnez t2, 2b',
  ];
};

const floatNames = 'fadd.d fsub.d fmul.d fdiv.d fadd.s fmul.s fsgnj.d fmin.d fmax.s'.split(' ');

const floating: Block = (scene) => {
  const { rng } = scene;
  const head = rng.chance(40)
    ? [`li t0, 0x6000`, `csr${rng.pick(['c', 's', 's'])} ${scene.mode === 3 ? 'mstatus' : 'sstatus'}, t0`]
    : [];
  return [
    ...head,
    ...times(rng.between(1, 5), () =>
      rng.pick([
        [`${rng.pick(floatNames)} ${rng.pick(floats)}, ${rng.pick(floats)}, ${rng.pick(floats)}`],
        [`fmv.d.x ${rng.pick(floats)}, ${rng.pick(values)}`],
        [`fcvt.l.d ${rng.pick(values)}, ${rng.pick(floats)}`],
        [`fcvt.d.l ${rng.pick(floats)}, ${rng.pick(values)}`],
        [`fsqrt.d ${rng.pick(floats)}, ${rng.pick(floats)}`],
        [`feq.d ${rng.pick(values)}, ${rng.pick(floats)}, ${rng.pick(floats)}`],
        csrOp(rng, rng.pick(['fflags', 'frm', 'fcsr']), undefined),
      ]),
    ),
  ];
};

const fences: Block = ({ rng }) =>
  times(rng.between(1, 3), () => [
    `li t0, ${hex(rng.pick(windowBases))}`,
    `li t1, ${rng.below(3)}`,
    rng.pick([
      'sfence.vma t0, zero',
      'sfence.vma zero, t1',
      'sfence.vma t0, t1',
      'sfence.w.inval',
      'sfence.inval.ir',
      'sinval.vma t0, t1',
      'fence.i',
      'fence',
    ]),
  ]);

const aluNames =
  'add sub xor or and sll srl sra slt sltu mul mulh div rem divu remu addw subw mulw divw sh1add andn rol clmul min'
    .split(' ')
    .filter((name) => name !== 'clmul');

const arithmetic: Block = ({ rng }) =>
  times(rng.between(3, 8), () =>
    rng.chance(25)
      ? [`li ${rng.pick(values)}, ${hex(rng.value())}`]
      : [`${rng.pick(aluNames)} ${rng.pick(values)}, ${rng.pick(values)}, ${rng.pick(values)}`],
  );

const traps: Block = ({ rng }) =>
  times(rng.between(1, 2), () => [
    rng
      .pick([
        'ebreak',
        '.word 0',
        '.word 0xffffffff',
        'mret',
        'sret',
        'csrr s2, satp',
        'csrr s3, mhartid',
        'csrr s4, time',
        '.word 0x0000302f',
      ])
      .replace(/^([ms])ret$/, 'nop'),
  ]);

const loop: Block = (scene) => {
  const { rng } = scene;
  return [
    `li t2, ${rng.between(2, 12)}`,
    '1:',
    ...access(scene),
    ...arithmetic(scene).filter((line) => !line.startsWith('li')),
    ...(rng.chance(30) ? ['csrr s6, instret'] : []),
    'addi t2, t2, -1',
    'bnez t2, 1b',
  ];
};

/** Blocks by how often they come. */
export const blocks: readonly (readonly [weight: number, block: Block])[] = [
  [14, accesses],
  [8, again],
  [4, reserve],
  [12, change],
  [7, csrTraffic],
  [5, status],
  [3, delegation],
  [5, interrupts],
  [4, timer],
  [3, waitForInterrupt],
  [3, external],
  [4, protection],
  [2, unprotect],
  [12, edit],
  [3, editMany],
  [2, recursive],
  [5, switchRoot],
  [2, storm],
  [2, environment],
  [4, lent],
  [3, returns],
  [4, call],
  [3, selfModifying],
  [5, floating],
  [3, fences],
  [4, arithmetic],
  [2, traps],
  [5, loop],
];
