export * from './csr/index.ts';
export { decode } from './decode.ts';
export type * from './instruction.ts';
export { fRegisters, registerNumber, xRegisters } from './instructions/registers.ts';
export { baseInstructions, compressedInstructions } from './instructions/table.ts';
export * from './privileged/index.ts';
export * from './semantics.ts';
