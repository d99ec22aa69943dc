import { assembleImage, entrySetup, saveAreas, setCsr } from '../kit/image.ts';
import { dataBase, dataPages, executableBase, farBase, tableAt } from '../kit/layout.ts';
import type { Patch } from '../kit/tables.ts';
import { blocks, type Scene } from './blocks.ts';
import { Rng } from './rng.ts';
import { initialTables } from './tables.ts';

/** A random privileged program: for every hart a beginning and blocks; any of the blocks may be left out. */
export interface RandomProgram {
  readonly seed: number;
  readonly harts: readonly HartProgram[];
  readonly patches: readonly Patch[];
}

interface HartProgram {
  readonly setup: readonly string[];
  readonly blocks: readonly (readonly string[])[];
}

const hex = (value: bigint | number): string => `0x${BigInt(value).toString(16)}`;
const registers = 's0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 a0 a1 a2 a3 a4 a5 t3 t4 t5 t6'.split(' ');

const setup = (rng: Rng, hart: number, { illegalDelegated, faultsDelegated }: Scene): string[] => {
  const vectored = rng.below(2);
  const delegated = 0xb1f9 & ~(faultsDelegated ? 0 : 0xa2) & ~0x200;
  const exceptions = (rng.word() & delegated) | (illegalDelegated ? 4 : 0);
  const root = rng.weighted([
    [5, 'rootA'],
    [1, 'rootC'],
    [1, 'rootD'],
  ] as const);
  const mode = { rootA: 8n, rootC: 9n, rootD: 10n }[root];
  return [
    ...entrySetup(hart, vectored, rng.below(2)),
    ...Array.from({ length: 6 }, (_, i) => setCsr(`pmpaddr${i}`, dataBase >>> 2)).flat(),
    ...setCsr('medeleg', exceptions),
    ...setCsr('mideleg', rng.pick([0, 0x222, rng.word() & 0x222])),
    ...setCsr('mcounteren', rng.pick([7, 7, rng.word()])),
    ...setCsr('scounteren', rng.pick([7, 7, rng.word()])),
    ...setCsr(
      'menvcfg',
      rng.pick([0xe000_0000_0000_00f0n, 0xe000_0000_0000_00f0n, 0n, BigInt(rng.word()) << 32n]),
    ),
    ...setCsr('senvcfg', rng.pick([0xf0, 0])),
    ...setCsr('mstatus', rng.pick([0x2000, 0x6000, 0, 0x2008, 0xc2000])),
    ...setCsr('satp', (mode << 60n) | BigInt(tableAt(hart, root) / 4096)),
    ...registers.map((name) => `li ${name}, ${hex(rng.value())}`),
    'fmv.d.x f1, s2',
    'fmv.d.x f2, a1',
  ];
};

const dataPatches = (rng: Rng): Patch[] => {
  const somewhere = (): number =>
    dataBase + 0x1000 * rng.below(dataPages) + rng.pick([8 * rng.below(8), 8 * rng.below(512)]);
  return [
    ...Array.from({ length: 40 }, (): Patch => [somewhere(), rng.value()]),
    ...Array.from({ length: 8 }, (): Patch => [farBase + 8 * rng.below(0x2000), rng.value()]),
  ];
};

/** addi s5, s5, 1; then c.jr ra. */
const addAndReturn = 0x8082_001a_8a93n;
const manyReturns = 0x8082_8082_8082_8082n;
/** The low half of addi s5, s5, 1 at the end of a page, its high half at the start of the next. */
const codePatches = (): Patch[] => {
  const second = executableBase + 0x1000;
  const fill = [executableBase, second].flatMap((page) =>
    Array.from({ length: 512 }, (_, i): Patch => [page + 8 * i, manyReturns]),
  );
  return [
    ...fill,
    [executableBase, addAndReturn],
    [executableBase + 8, (0x8082_0073_0000_100fn & 0xffff_ffff_ffffn) | (0x8082n << 48n)],
    [executableBase + 0xff8, 0x8a93_8082_8082_8082n],
    [second, 0x8082_8082_8082_001an],
    [second + 0xff8, 0x8a93_0001_8082_8082n],
  ];
};

/** The program of that seed, for that many harts. */
export const randomProgram = (seed: number, harts = 1): RandomProgram => {
  const rng = new Rng(seed);
  const illegalDelegated = rng.chance(25);
  const faultsDelegated = rng.chance(50);
  const programs = Array.from({ length: harts }, (_, hart): HartProgram => {
    const scene: Scene = { rng, hart, harts, illegalDelegated, faultsDelegated, mode: 3 };
    const beginning = setup(rng, hart, scene);
    const count = rng.between(15, harts > 1 ? 30 : 45);
    return { setup: beginning, blocks: Array.from({ length: count }, () => rng.weighted(blocks)(scene)) };
  });
  const tables = Array.from({ length: harts }, (_, hart) => initialTables(rng, hart)).flat();
  return {
    seed,
    harts: programs,
    patches: [...tables, ...dataPatches(rng), ...codePatches(), ...saveAreas(harts)],
  };
};

const hartText = ({ setup, blocks }: HartProgram, hart: number): string => {
  const body = blocks.map((lines, i) =>
    [`h${hart}_${i}:`, `la s11, h${hart}_${i + 1}`, ...lines].join('\n  '),
  );
  return [
    `hart${hart}:`,
    ...setup.map((line) => `  ${line}`),
    ...body,
    `h${hart}_${blocks.length}:`,
    `  la s11, h${hart}_${blocks.length}`,
    '  li a6, 0',
    '  li a7, 3',
    '  ecall',
    '  li t0, 0x20000',
    '  csrc mstatus, t0',
    '  la t0, running',
    '  li t1, -1',
    '  amoadd.w t1, t1, (t0)',
    '  li t2, 1',
    `  bne t1, t2, stop${hart}`,
    '  li t0, FINISHER',
    '  sw zero, 0(t0)',
    `stop${hart}: j stop${hart}`,
  ].join('\n');
};

/** The program's own text; handlers and tables are not part of it. */
export const programText = ({ harts }: RandomProgram): string =>
  [
    ...harts
      .slice(1)
      .map((_, i) => `  li t0, ${i + 1}\n  bne a0, t0, 1f\n  la t0, hart${i + 1}\n  jr t0\n1:`),
    ...harts.map(hartText),
    '  .balign 8',
    `running: .dword ${harts.length}`,
  ].join('\n');

/** RAM as it is before the first instruction. */
export const imageOf = (program: RandomProgram): Uint8Array =>
  assembleImage(programText(program), program.patches);
