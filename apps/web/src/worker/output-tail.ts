const keptCharacters = 16_384;

/** The end of what a guest printed, for those who wait for a text in it. */
export class OutputTail {
  #text = '';
  readonly #decoder = new TextDecoder();
  readonly #waiting = new Set<() => void>();

  push(bytes: Uint8Array): void {
    this.#text = (this.#text + this.#decoder.decode(bytes, { stream: true })).slice(-keptCharacters);
    for (const look of this.#waiting) look();
  }

  clear(): void {
    this.#text = '';
  }

  /** Whether the text was printed, or is within the time. */
  wait(text: string, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(false), timeoutMs);
      const finish = (found: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const look = (): void => {
        if (this.#text.includes(text)) finish(true);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
