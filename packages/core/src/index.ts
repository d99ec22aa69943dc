export { BareHart, type BareHartOptions } from './bare-hart.ts';
export { Bus, type RamRegion } from './bus.ts';
export {
  type BoardClock,
  type ClockState,
  type ClockUser,
  DeterministicClock,
  type HartClock,
  RealtimeClock,
  type Stretch,
} from './clock.ts';
export { Core, type CoreOptions, createCore, type EngineName, engineNames } from './core.ts';
export {
  type Engine,
  type EngineHart,
  type EngineHost,
  type EngineStats,
  Slow,
  type SlowPath,
  type SlowStatus,
  Stop,
  type StopReason,
} from './engine.ts';
export type { Firmware, FirmwareHart } from './firmware.ts';
export { type Exit, Hart, type HartOptions, type HartState, type TrapHook } from './hart.ts';
export { hartBytes } from './hart-layout.ts';
export { HostError, type HostErrorDetails } from './host-error.ts';
export { interceptBits, type Kind } from './in-place/kinds.ts';
export { RecordByte, RecordWord, recordWords } from './in-place/record-layout.ts';
export { InPlaceRecords } from './in-place/records.ts';
export { CoreMemory, type MemoryOptions } from './memory.ts';
export { type CoreParts, Mmu, type WalkedFields } from './mmu.ts';
export type * from './ports.ts';
export { decodeCached } from './reference/engine.ts';
export { evaluate, type MemoryPort, type Registers } from './reference/evaluate.ts';
export { type DerivedTables, derivedField, derivedRecordBytes } from './refill/derive.ts';
export { type RoundResult, type Sampler, type ScheduledHart, Scheduler } from './scheduler.ts';
