import { type LineHeader, readFile } from './header.ts';
import { Damaged, type Reader } from './reader.ts';

/** A row of a line table: from this address on, this file (a number of the header's) and line; or the end of what is described. */
export interface LineRow {
  readonly address: bigint;
  readonly file: number;
  readonly line: number;
  readonly end: boolean;
}

/** The registers of the line number state machine that rows are made of. */
interface State {
  address: bigint;
  file: number;
  line: number;
}

const initial = (): State => ({ address: 0n, file: 1, line: 1 });

type Opcode = (state: State, header: LineHeader, emit: (row: LineRow) => void) => void;

const advance = (state: State, { minimumInstructionBytes }: LineHeader, instructions: bigint): void => {
  state.address = BigInt.asUintN(64, state.address + instructions * BigInt(minimumInstructionBytes));
};
const constant = ({ opcodeBase, lineRange }: LineHeader): bigint =>
  BigInt(Math.floor((255 - opcodeBase) / lineRange));
const moveLine = (state: State, by: bigint): void => {
  state.line = Number(BigInt.asUintN(32, BigInt(state.line) + by));
};
const skipArgument: Opcode = (_, { program }) => void program.uleb();
const nothing: Opcode = () => {};

/** Standard opcodes (DWARF 5, "Standard Opcodes"), from 1. */
const standard: readonly Opcode[] = [
  (state, _, emit) => emit({ ...state, end: false }), // copy
  (state, header) => advance(state, header, header.program.uleb()), // advance_pc
  (state, { program }) => moveLine(state, program.sleb()), // advance_line
  (state, { program }) => {
    state.file = program.count();
  }, // set_file
  skipArgument, // set_column
  nothing, // negate_stmt
  nothing, // set_basic_block
  (state, header) => advance(state, header, constant(header)), // const_add_pc
  (state, { program }) => {
    state.address = BigInt.asUintN(64, state.address + BigInt(program.u16()));
  }, // fixed_advance_pc
  nothing, // set_prologue_end
  nothing, // set_epilogue_begin
  skipArgument, // set_isa
];

/** Runs a line number program and hands out its rows. Throws Damaged. */
export function runProgram(header: LineHeader, emit: (row: LineRow) => void): void {
  const { program, opcodeBase, opcodeArguments } = header;
  const state = initial();
  while (!program.done) {
    const opcode = program.u8();
    if (opcode >= opcodeBase) special(opcode, state, header, emit);
    else if (opcode === 0) extended(program, state, header, emit);
    else if (opcode <= standard.length) standard[opcode - 1]!(state, header, emit);
    else for (let left = opcodeArguments[opcode - 1]!; left > 0; left--) program.uleb();
  }
}

function special(opcode: number, state: State, header: LineHeader, emit: (row: LineRow) => void): void {
  const adjusted = opcode - header.opcodeBase;
  advance(state, header, BigInt(Math.floor(adjusted / header.lineRange)));
  moveLine(state, BigInt(header.lineBase + (adjusted % header.lineRange)));
  emit({ ...state, end: false });
}

/** Extended opcodes say how long they are: an unknown one is skipped. */
function extended(program: Reader, state: State, header: LineHeader, emit: (row: LineRow) => void): void {
  const bytes = program.count();
  if (bytes === 0) throw new Damaged('an extended opcode is empty');
  const instruction = program.piece(bytes);
  const opcode = instruction.u8();
  if (opcode === 1) {
    emit({ ...state, end: true });
    Object.assign(state, initial());
  } else if (opcode === 2) {
    state.address = bytes === 9 ? instruction.u64() : BigInt(instruction.u32());
  } else if (opcode === 3) {
    header.files.push(readFile(instruction.text(), instruction, header.directories));
  }
}
