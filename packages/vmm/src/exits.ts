import type { Privilege, Trap } from '@trapline/isa';
import type { ExitOutcome } from './observation.ts';

/** Why the guest left direct execution, by number. Cause names are the trap's; the monitor adds the last three. */
export const exitKinds = [
  'fetchMisaligned',
  'fetchAccess',
  'illegalInstruction',
  'breakpoint',
  'loadMisaligned',
  'loadAccess',
  'storeMisaligned',
  'storeAccess',
  'ecall',
  'fetchPageFault',
  'loadPageFault',
  'storePageFault',
  /** A device access through the VM's window. */
  'mmio',
  /** A virtual interrupt was injected. */
  'interrupt',
  /** One instruction emulated without a trap of the hart, because virtual MPRV splits fetch and data translation. */
  'emulated',
] as const;
export type ExitKind = (typeof exitKinds)[number];

/** Numbers of the kinds. */
export const exitNumber = Object.fromEntries(exitKinds.map((kind, n) => [kind, n])) as Readonly<
  Record<ExitKind, number>
>;

/** What the monitor did about an exit. */
export type Action =
  /** Executed the instruction on the shadow state. */
  | { readonly kind: 'emulated' }
  /** Filled a shadow page-table entry. */
  | {
      readonly kind: 'filled';
      readonly va: bigint;
      readonly gpa: bigint;
      readonly hpa: bigint;
      readonly leaf: bigint;
      /** Pages beside it, of the same large page of the guest or untranslated as it is, that were filled with it. */
      readonly around: number;
    }
  /** Delivered a virtual trap to the guest: the trap, and the mode it went to. */
  | { readonly kind: 'reflected'; readonly trap: Trap; readonly to: Privilege }
  /** The built-in SBI firmware served the call. */
  | { readonly kind: 'firmware'; readonly extension: bigint; readonly function: bigint }
  | {
      readonly kind: 'device';
      readonly gpa: bigint;
      readonly write: boolean;
      readonly bytes: number;
      readonly value: bigint;
      readonly device: string;
    }
  /** A policy's hook decided. */
  | { readonly kind: 'policy'; readonly why: string };

/** One exit as observers see it: plain data. */
export interface ExitEvent {
  readonly hart: number;
  /** Instructions the guest had retired. */
  readonly retired: bigint;
  /** `mtime` as the guest sees it, in ticks. */
  readonly time: bigint;
  /** The guest's privilege when it exited. */
  readonly mode: Privilege;
  readonly exit: ExitKind;
  readonly pc: bigint;
  /** The instruction's bits where the exit has an instruction, else undefined. */
  readonly word: number | undefined;
  /** The trap value of the exit. */
  readonly tval: bigint;
  readonly action: Action;
  /** What handling the exit changed of the guest's state. */
  readonly after: ExitOutcome;
}

/** What is known of an exit before it is handled. */
export type Moment = Omit<ExitEvent, 'action' | 'after'>;

/** Exception codes in order, as exit kinds (privileged specification, "Machine Cause Register"). */
export const exitOfCause: readonly (ExitKind | undefined)[] = [
  'fetchMisaligned',
  'fetchAccess',
  'illegalInstruction',
  'breakpoint',
  'loadMisaligned',
  'loadAccess',
  'storeMisaligned',
  'storeAccess',
  'ecall',
  'ecall',
  undefined,
  'ecall',
  'fetchPageFault',
  'loadPageFault',
  undefined,
  'storePageFault',
];
