import type { Decoded, Trap } from '@trapline/isa';
import type { ExitKind } from './exits.ts';
import type { Vcpu } from './vcpu.ts';

/** An exit as a policy sees it, before the monitor's own handler. */
export interface PolicyExit {
  readonly kind: ExitKind;
  /** The trap as the hart raised it: its cause and trap value. */
  readonly trap: Trap;
  readonly pc: bigint;
  /** The instruction, for illegal instructions that decode. */
  readonly decoded: Decoded | undefined;
}

/** What is to happen about an exit. */
export type Verdict =
  /** The hook did all there was to do (it moved pc itself). */
  | { readonly kind: 'resume'; readonly why?: string }
  /** Deliver this trap to the guest. */
  | { readonly kind: 'reflect'; readonly trap: Trap }
  /** End the run. */
  | { readonly kind: 'stop'; readonly why: string };

/**
 * Decides what a monitor does, as an object with optional hooks. A hook that answers undefined leaves the matter to the monitor, so `{name}`
 * alone is plain trap-and-emulate.
 */
export interface Policy {
  readonly name: string;
  /**
   * CSRs and system instructions (`['satp', 'sret']`) that exit even where instructions that need no decision run in place. A policy with
   * `onExit` and no such list sees every sensitive instruction.
   */
  readonly intercepts?: readonly string[];
  /** Called at every exit of the hart before the monitor's handler. */
  onExit?(vcpu: Vcpu, exit: PolicyExit): Verdict | undefined;
  /** Called before a virtual trap is delivered to the guest; another trap replaces it. */
  onDeliver?(vcpu: Vcpu, trap: Trap): Trap | undefined;
}

/** Trap and emulate on shadow CSRs and shadow page tables: the default. */
export const shadow: Policy = { name: 'shadow' };
