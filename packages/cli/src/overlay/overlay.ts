import type { Command } from '../escape-keys.ts';

/** Something of ours that has the terminal in place of the guest. */
export interface Overlay {
  /** The command that opened it; where it closes it too, `toggles`. */
  readonly command: Command;
  readonly toggles: boolean;
  /** It covers the whole screen: what the guest had there is to be drawn again. */
  readonly covers: boolean;
  /** Takes keys; gives back those that came after the one that ended it. */
  typed(bytes: Uint8Array): Uint8Array;
  /** Gives the terminal back as it was. */
  close(): void;
}
