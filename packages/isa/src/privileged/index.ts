export {
  type AccessType,
  accessFault,
  Cause,
  exception,
  exceptionPriority,
  Interrupt,
  interruptPriority,
  pageFault,
  trapName,
} from './cause.ts';
export {
  type CsrAccess,
  csrAccessOf,
  executeSystem,
  illegal,
  readsCsr,
  type SystemOperands,
  writesCsr,
} from './execute.ts';
export { mip, pendingInterrupt, supervisorTimerDeadline, wakes } from './interrupts.ts';
export {
  type PmpRegion,
  pmpCheck,
  pmpPage,
  pmpRegions,
  regionsAllow,
  regionsPage,
} from './pmp.ts';
export {
  type CsrFile,
  M,
  type Outcome,
  type Privilege,
  type PrivilegedState,
  S,
  Touched,
  type Trap,
  U,
} from './state.ts';
export { type BareTranslation, type PagedTranslation, type Translation, translation } from './translate.ts';
export { dataPrivilege, privilegeName, type TrapLevel, takeTrap, trapLevels, trapTarget } from './trap.ts';
export {
  type Leaf,
  Pte,
  type Walked,
  type WalkMemory,
  type WalkRequest,
  type WalkStep,
  walk,
} from './walk.ts';
