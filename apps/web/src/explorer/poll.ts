import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/**
 * What `ask` answers, asked again every `everyMs` while the view is shown, and at once when `keys` change. An answer that fails (the machine
 * restarts, its worker died) leaves the last one standing.
 */
export function usePolled<T>(
  ask: () => Promise<T>,
  everyMs: number,
  keys: readonly unknown[],
): Signal<T | undefined> {
  const answer = useSignal<T | undefined>(undefined);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const go = async (): Promise<void> => {
      const value = await ask().catch(() => undefined);
      if (over) return;
      if (value !== undefined) answer.value = value;
      timer = setTimeout(() => void go(), everyMs);
    };
    void go();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, keys);
  return answer;
}
