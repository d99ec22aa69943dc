import type { EngineName } from '@trapline/core';
import type { DiskRequest } from './disks.ts';

/** Which exits to trace. */
export interface TraceRequest {
  /** Cause names; empty: every one. */
  readonly causes: readonly string[];
}

/** What to run and how: what both command lines, ours and QEMU's, come to. */
export interface RunRequest {
  readonly engine?: EngineName | undefined;
  /** A file, or undefined: the built-in guest. */
  readonly guest?: string | undefined;
  readonly initrd?: string | undefined;
  readonly append?: string | undefined;
  /** `none`, `builtin`, or a file; undefined: by the kind of guest. */
  readonly bios?: string | undefined;
  readonly dtb?: string | undefined;
  readonly disks: readonly DiskRequest[];
  readonly ramBytes: number;
  readonly harts: number;
  readonly monitor: 'shadow' | 'none';
  /** Which sensitive instructions exit to the monitor; undefined: the monitor's own choice. */
  readonly intercept?: 'all' | 'needed' | undefined;
  readonly deterministic: boolean;
  readonly seed: number;
  readonly maxInstructions?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly expect: readonly string[];
  readonly fail: readonly string[];
  readonly serialLog?: string | undefined;
  readonly trace?: TraceRequest | undefined;
  readonly traceFile?: string | undefined;
  /** Where to write a profile of the guest: speedscope's JSON for `.json`, folded stacks else. */
  readonly profile?: string | undefined;
  /** Instructions from sample to sample, on the average; undefined: the profiler's own choice. */
  readonly profileInterval?: number | undefined;
  readonly stats: boolean;
  readonly json: boolean;
}

const MIB = 1024 ** 2;

/** What a request is where nothing is said. */
export const defaultRequest: RunRequest = {
  disks: [],
  ramBytes: 256 * MIB,
  harts: 1,
  monitor: 'shadow',
  deterministic: false,
  seed: 0,
  expect: [],
  fail: [],
  stats: false,
  json: false,
};
