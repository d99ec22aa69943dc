/** A benchmark of ours: guests/tests/bench/NAME.c, or linux/NAME.c for those that need an operating system. */
export interface Program {
  readonly name: string;
  /** Where it runs beside Linux and the host. */
  readonly bare: boolean;
  /** So many that QEMU takes about a second. */
  readonly rounds: number;
}

const anywhere = (name: string, rounds: number): Program => ({ name, bare: true, rounds });
const underLinux = (name: string, rounds: number): Program => ({ name, bare: false, rounds });

export const programs: readonly Program[] = [
  anywhere('sieve', 25),
  anywhere('sort', 40),
  anywhere('hash', 8),
  anywhere('bytecode', 12),
  anywhere('matrix', 25),
  anywhere('nbody', 25),
  anywhere('fft', 25),
  anywhere('memcpy', 150),
  anywhere('scan', 60),
  anywhere('chase', 4),
  underLinux('system-calls', 20),
  underLinux('page-faults', 5),
  underLinux('pipes', 5),
  underLinux('fork', 3),
  underLinux('exec', 2),
];

/** How to start a public program so that its work is known, and what it prints if it was right. */
export interface PublicProgram {
  readonly arguments: readonly string[];
  readonly input: string;
  /** What `arguments` or `input` ask for, to turn seconds into a rate. */
  readonly work?: { readonly amount: number; readonly unit: string };
  readonly check?: RegExp;
}

const COREMARK_ITERATIONS = 6000;
const DHRYSTONE_RUNS = 4_000_000;

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
