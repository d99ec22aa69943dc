/** What the loop needs of its surroundings that neither ECMAScript nor the DOM typings name for both Node and browsers. */
interface Surroundings {
  setImmediate?: (run: () => void) => unknown;
}

/** Lets timers, input and other tasks of the host run, and comes back as soon as they did. */
export function yieldToHost(): Promise<void> {
  const { setImmediate } = globalThis as Surroundings;
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** The longest delay a host timer takes, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Sleeps until a time or until woken; a wake that comes before the sleep is not lost. */
export class Sleeper {
  #woken = false;
  #wake: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves after `milliseconds` (undefined: never by itself) or at `wake`. */
  async sleep(milliseconds: number | undefined): Promise<void> {
    if (!this.#woken) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        // Without a time of its own the promise still needs the host to stay alive: a timer does that.
        timer = setTimeout(resolve, Math.min(milliseconds ?? LONGEST_MS, LONGEST_MS));
      });
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#woken = false;
  }
}
