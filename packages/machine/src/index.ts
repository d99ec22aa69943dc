export { type DiskBackend, type EngineName, HostError } from '@trapline/core';
export { MemoryDisk } from '@trapline/devices';
export { csrByNumber, csrNumber, decode, disassemble, trapName } from '@trapline/isa';
export {
  type Change,
  type ExitEvent,
  type ExitKind,
  ExitTape,
  type Explanation,
  exitPhrases,
  explain,
  instructionText,
  type Names,
} from '@trapline/vmm';
export { type BoardSize, type Chosen, deviceTree } from './board/device-tree.ts';
export type { AttachedDisk } from './board/devices.ts';
export { hartExtensions } from './board/isa-string.ts';
export * as virtBoard from './board/virt.ts';
export {
  type Bios,
  type BootOptions,
  type BootPlan,
  defaultBios,
  type Piece,
  planBoot,
} from './boot/plan.ts';
export type { OutputListener } from './console.ts';
export { createMachine, type MachineOptions } from './create-machine.ts';
export type { LineTable, SourceLine } from './dwarf/line-table.ts';
export { type Elf, type ElfSection, type ElfSegment, type ElfSymbol, isElf, parseElf } from './elf.ts';
export { readFdt, writeFdt } from './fdt/blob.ts';
export { cells, child, empty, type FdtNode, node, text, wide, withProperties } from './fdt/tree.ts';
export {
  type AddressReading,
  type CsrReading,
  type HartReading,
  Inspector,
  type WorldReading,
} from './inspect/inspector.ts';
export type { TableEntry, TableWalk } from './inspect/page-table.ts';
export { addressVerdict } from './inspect/verdict.ts';
export type { TableRoot } from './inspect/world.ts';
export { type Kernel, type NamedFile, readKernel } from './kernel.ts';
export { type LinuxImage, readLinuxImage } from './linux-image.ts';
export { type DeviceUse, type ExitReason, Machine, type MachineStats, type RunOptions } from './machine.ts';
export { foldedStacks, speedscope } from './profile/formats.ts';
export { DEFAULT_INTERVAL, type ProfileOptions, Profiler, type ProfileSample } from './profile/profiler.ts';
export { sourceLines } from './source-lines.ts';
export { type SymbolTable, symbolTable } from './symbols.ts';
