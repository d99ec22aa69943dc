export { type ExitListener, ExitLog } from './exit-log.ts';
export type { Action, ExitEvent, ExitKind } from './exits.ts';
export { actionPhrase, type Names } from './explain/action.ts';
export type { Change, FieldChange } from './explain/changes.ts';
export { type Explanation, explain, explainLine, instructionText } from './explain/explain.ts';
export { exitPhrases } from './explain/rules.ts';
export type { DeviceAccess } from './guest-bus.ts';
export type { CsrChange, ExitOutcome, RegisterChange } from './observation.ts';
export { type Policy, type PolicyExit, shadow, type Verdict } from './policy.ts';
export { SbiError } from './sbi/error.ts';
export { SbiFirmware } from './sbi/firmware.ts';
export type { SbiPlatform } from './sbi/platform.ts';
export type { PagerStats } from './shadow/pager.ts';
export { ShadowTree } from './shadow/tree.ts';
export { ExitTape } from './tape.ts';
export { Vcpu, type VcpuState } from './vcpu.ts';
export {
  type Intercept,
  VirtualHart,
  VirtualMachine,
  type VirtualMachineOptions,
} from './virtual-machine.ts';
