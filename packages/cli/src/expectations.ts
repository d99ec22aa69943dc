/** What watching the console came to: every expected text was seen, or a failing one was. */
export type Verdict = { readonly kind: 'expected' } | { readonly kind: 'failed'; readonly text: string };

/** Bytes as characters of the same number, so that matching is on bytes and any split is fine. */
const binary = (bytes: Uint8Array): string => {
  let out = '';
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
};

/**
 * Watches a byte stream for texts, wherever chunks are cut: all of `expect`, in any order, or one of `fail`. A text that
 * both complete in the same byte fails.
 */
export class Expectations {
  readonly #missing: Set<string>;
  readonly #fail: ReadonlyMap<string, string>;
  readonly #keep: number;
  readonly #any: boolean;
  #tail = '';

  constructor(expect: readonly string[], fail: readonly string[]) {
    const encode = (text: string): string => binary(new TextEncoder().encode(text));
    this.#missing = new Set(expect.map(encode));
    this.#fail = new Map(fail.map((text) => [encode(text), text]));
    this.#any = expect.length > 0;
    this.#keep = Math.max(0, ...[...this.#missing, ...this.#fail.keys()].map((text) => text.length - 1));
  }

  /** Whether `feed` can ever answer. */
  get watching(): boolean {
    return this.#any || this.#fail.size > 0;
  }

  /** The expected texts not seen so far. */
  get missing(): readonly string[] {
    return [...this.#missing].map((text) =>
      new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0))),
    );
  }

  /** Takes the next bytes; answers once it is decided. */
  feed(bytes: Uint8Array): Verdict | undefined {
    const seen = this.#tail + binary(bytes);
    const expectedAt = this.#completedAt(seen);
    let failure: { at: number; text: string } | undefined;
    for (const [pattern, text] of this.#fail) {
      const at = endOf(seen, pattern);
      if (at !== undefined && (failure === undefined || at < failure.at)) failure = { at, text };
    }
    this.#tail = this.#keep === 0 ? '' : seen.slice(-this.#keep);
    if (failure && (expectedAt === undefined || failure.at <= expectedAt))
      return { kind: 'failed', text: failure.text };
    return expectedAt === undefined ? undefined : { kind: 'expected' };
  }

  /** Where in `seen` the last missing text is complete. */
  #completedAt(seen: string): number | undefined {
    let last = 0;
    for (const pattern of this.#missing) {
      const at = endOf(seen, pattern);
      if (at === undefined) continue;
      this.#missing.delete(pattern);
      last = Math.max(last, at);
    }
    return this.#any && this.#missing.size === 0 ? last : undefined;
  }
}

function endOf(text: string, pattern: string): number | undefined {
  const at = text.indexOf(pattern);
  return at < 0 ? undefined : at + pattern.length;
}
