import type { MachineStats } from '@trapline/machine';
import type { FileReference, FileRole, MachineConfig } from './config.ts';

/** Where a machine is in its life. */
export type MachineState =
  | { readonly kind: 'booting' }
  | { readonly kind: 'running' }
  /** Somebody paused it, or a breakpoint on traps did. */
  | { readonly kind: 'paused'; readonly why: 'you' | 'hidden' | 'breakpoint' }
  /** The guest ended it: powered off, halted. */
  | { readonly kind: 'ended'; readonly message: string }
  /** It could not be made. */
  | { readonly kind: 'failed'; readonly message: string };

/** What a machine says unasked. */
export type MachineEvent =
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  | { readonly kind: 'state'; readonly state: MachineState }
  /** One sentence for the reader of the page. */
  | { readonly kind: 'notice'; readonly message: string };

/** A file for a machine: given now, or kept by this browser since it was. */
export type GivenFile = { readonly name: string; readonly blob: Blob } | FileReference;

export interface BootRequest {
  readonly config: MachineConfig;
  readonly files: Readonly<Partial<Record<FileRole, GivenFile>>>;
  /** Addresses of the built-in guest's files. */
  readonly builtin: { readonly kernel: string; readonly disk: string };
}

/** What a boot came to: the files it used, as a link can name them. */
export interface BootReport {
  readonly files: Readonly<Partial<Record<FileRole, FileReference>>>;
}

/** Figures of a machine now. */
export interface MachineFigures extends MachineStats {
  /** Worker time of these figures, in milliseconds. */
  readonly atMs: number;
}

/** A machine's disk. */
export interface DiskFigures {
  readonly name: string;
  /** Bytes of blocks the guest changed; undefined when this browser does not keep them. */
  readonly changedBytes: number | undefined;
}
