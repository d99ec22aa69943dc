/** Calls across a message channel: methods of an object on the other side, and events it sends by itself. */

interface Endpoint {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

// biome-ignore lint/suspicious/noExplicitAny: a method of any parameters
type Method = (...args: any[]) => unknown;

/** The methods of `T` as the other side calls them. */
export type Remote<T> = {
  [K in keyof T as T[K] extends Method ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** An error as it crosses: one sentence, and what to do about it. */
export class RemoteError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint: string | undefined) {
    super(message);
    this.hint = hint;
  }
}

interface Call {
  readonly call: number;
  readonly method: string;
  readonly args: unknown[];
}
interface Answer {
  readonly answer: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly hint: string | undefined };
}

const failure = (error: unknown): Answer['error'] => ({
  message: error instanceof Error ? error.message : String(error),
  hint:
    typeof error === 'object' && error !== null && 'hint' in error && typeof error.hint === 'string'
      ? error.hint
      : undefined,
});

/** Answers calls from the other side with the methods of `target`. */
export function serve(endpoint: Endpoint, target: object): void {
  const methods = target as Record<string, Method>;
  endpoint.addEventListener('message', async ({ data }: MessageEvent<Call>) => {
    if (typeof data.call !== 'number') return;
    let answer: Answer;
    try {
      answer = { answer: data.call, value: await methods[data.method]!(...data.args) };
    } catch (error) {
      answer = { answer: data.call, error: failure(error) };
    }
    endpoint.postMessage(answer);
  });
}

/** The other side's object, and what it sends unasked; `fail` rejects whatever is still unanswered. */
export function remote<T, Event>(
  endpoint: Endpoint,
  listener: (event: Event) => void,
): { api: Remote<T>; fail(message: string): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 0;
  endpoint.addEventListener('message', ({ data }: MessageEvent<Answer & { event?: Event }>) => {
    if (data.event !== undefined) return listener(data.event);
    const call = waiting.get(data.answer);
    waiting.delete(data.answer);
    if (data.error) call?.reject(new RemoteError(data.error.message, data.error.hint));
    else call?.resolve(data.value);
  });
  const api = new Proxy({} as Remote<T>, {
    get:
      (_, method: string) =>
      (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          waiting.set(next, { resolve, reject });
          endpoint.postMessage({ call: next++, method, args });
        }),
  });
  const fail = (message: string): void => {
    for (const { reject } of waiting.values()) reject(new RemoteError(message, undefined));
    waiting.clear();
  };
  return { api, fail };
}
