import {
  type CsrFile,
  csrNumber,
  decode,
  executeSystem,
  newCsrFile,
  type Outcome,
  type Privilege,
  type PrivilegedState,
  readCsr,
  resetCsrs,
  writeCsr,
} from '../src/index.ts';

/** A hart's privileged state with its outside world as plain fields. */
export class TestState implements PrivilegedState {
  readonly hartId = 5;
  privilege: Privilege = 3;
  readonly csrs: CsrFile = newCsrFile();
  now = { retired: 0n, cycles: 0n, time: 0n, lines: 0n };
  retired = (): bigint => this.now.retired;
  cycles = (): bigint => this.now.cycles;
  time = (): bigint => this.now.time;
  lines = (): bigint => this.now.lines;

  constructor(privilege: Privilege = 3) {
    resetCsrs(this.csrs, { hartId: this.hartId });
    this.privilege = privilege;
  }

  as<T>(privilege: Privilege, action: () => T): T {
    const before = this.privilege;
    this.privilege = privilege;
    const result = action();
    this.privilege = before;
    return result;
  }

  /** Reads as the current privilege does; undefined: illegal. */
  read(name: string): bigint | undefined {
    return readCsr(this, csrNumber(name));
  }

  write(name: string, value: bigint): number | undefined {
    return writeCsr(this, csrNumber(name), value);
  }

  /** Sets up state from M-mode; must be possible. */
  set(values: Readonly<Record<string, bigint>>): this {
    this.as(3, () => {
      for (const [name, value] of Object.entries(values))
        if (this.write(name, value) === undefined) throw new Error(`cannot write ${name}`);
    });
    return this;
  }

  /** Executes one instruction word and retires it as an engine would. */
  execute(word: number, operands: { pc?: bigint; rs1?: bigint; rs2?: bigint } = {}): Outcome {
    const decoded = decode(word);
    if (!decoded) throw new Error(`not an instruction: ${word.toString(16)}`);
    const outcome = executeSystem(this, decoded, { pc: 0x1000n, rs1: 0n, rs2: 0n, ...operands });
    if (outcome.kind !== 'trap') {
      this.now.retired++;
      this.now.cycles++;
    }
    return outcome;
  }
}

const functions = { csrrw: 1, csrrs: 2, csrrc: 3, csrrwi: 5, csrrsi: 6, csrrci: 7 } as const;

/** A Zicsr word; `source` is the register number or the immediate. */
export const csrWord = (
  name: keyof typeof functions,
  rd: number,
  csr: string | number,
  source: number,
): number =>
  (((typeof csr === 'number' ? csr : csrNumber(csr)) << 20) |
    (source << 15) |
    (functions[name] << 12) |
    (rd << 7) |
    0x73) >>>
  0;

export const words = {
  ecall: 0x00000073,
  ebreak: 0x00100073,
  cEbreak: 0x9002,
  mret: 0x30200073,
  sret: 0x10200073,
  wfi: 0x10500073,
  fenceI: 0x0000100f,
  sfenceVma: (rs1: number, rs2: number): number => (0x12000073 | (rs1 << 15) | (rs2 << 20)) >>> 0,
  sinvalVma: (rs1: number, rs2: number): number => (0x16000073 | (rs1 << 15) | (rs2 << 20)) >>> 0,
  sfenceWInval: 0x18000073,
  sfenceInvalIr: 0x18100073,
  cbo: (operation: 'inval' | 'clean' | 'flush' | 'zero', rs1: number): number =>
    ((({ inval: 0, clean: 1, flush: 2, zero: 4 })[operation] << 20) | (rs1 << 15) | 0x200f) >>> 0,
} as const;

export const illegalWith = (word: number): Outcome => ({
  kind: 'trap',
  trap: { interrupt: false, cause: 2, tval: BigInt(word) },
});
