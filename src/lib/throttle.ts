// Throttles calls of which only the newest value matters: the first call runs at once, then at most one per interval; the last value is
// never lost.

export interface Throttled<T> {
  (value: T): void;
  /** Runs the pending call now. */
  readonly flush: () => void;
}

export function throttle<T>(run: (value: T) => void, ms: number): Throttled<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: { readonly value: T } | undefined;
  const call = (value: T): void => {
    if (timer !== undefined) return void (waiting = { value });
    timer = setTimeout(flush, ms);
    run(value);
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const last = waiting;
    waiting = undefined;
    if (last) call(last.value);
  };
  return Object.assign(call, { flush });
}
