/** A benchmark of ours: guests/tests/bench/NAME.c, or linux/NAME.c for those that need an operating system. */
export interface Program {
  readonly name: string;
  /** Where it runs beside Linux and the host. */
  readonly bare: boolean;
  /** So many that QEMU takes about three seconds: translation, QEMU's and ours, is part of it, but not most of it. */
  readonly rounds: number;
}

const anywhere = (name: string, rounds: number): Program => ({ name, bare: true, rounds });
const underLinux = (name: string, rounds: number): Program => ({ name, bare: false, rounds });

export const programs: readonly Program[] = [
  anywhere('sieve', 75),
  anywhere('sort', 120),
  anywhere('hash', 24),
  anywhere('bytecode', 36),
  anywhere('matrix', 75),
  anywhere('nbody', 75),
  anywhere('fft', 75),
  anywhere('memcpy', 450),
  anywhere('scan', 180),
  anywhere('chase', 12),
  underLinux('system-calls', 60),
  underLinux('page-faults', 15),
  underLinux('pipes', 15),
  underLinux('fork', 9),
  underLinux('exec', 6),
];

/** How to start a public program so that its work is known, and what it prints if it was right. */
export interface PublicProgram {
  readonly arguments: readonly string[];
  readonly input: string;
  /** What `arguments` or `input` ask for, to turn seconds into a rate. */
  readonly work?: { readonly amount: number; readonly unit: string };
  readonly check?: RegExp;
}

/** CoreMark's own rule: ten seconds at least, on QEMU. */
const COREMARK_ITERATIONS = 50_000;
const DHRYSTONE_RUNS = 12_000_000;

/** What is known of public programs; any other is started without arguments. */
export const publicPrograms: Readonly<Record<string, PublicProgram>> = {
  // Two seeds, the third for the performance run, iterations, and the defaults: all algorithms, one context, 2000 bytes.
  coremark: {
    arguments: ['0', '0', '0x66', `${COREMARK_ITERATIONS}`, '7', '1', '2000'],
    input: '',
    work: { amount: COREMARK_ITERATIONS, unit: 'iterations' },
    check: /crclist\s*: 0xe714\s[\s\S]*crcmatrix\s*: 0x1fd7\s[\s\S]*crcstate\s*: 0x8e3a\s/,
  },
  // Versions differ in how they learn the number of runs.
  dhrystone: {
    arguments: [`${DHRYSTONE_RUNS}`],
    input: `${DHRYSTONE_RUNS} `,
    work: { amount: DHRYSTONE_RUNS, unit: 'runs' },
    check: new RegExp(`Arr_2_Glob\\[8\\]\\[7\\]:\\s*${DHRYSTONE_RUNS + 10}\\s`),
  },
};

export const otherProgram: PublicProgram = { arguments: [], input: '' };
