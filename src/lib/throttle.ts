// Many calls in a row, of which only the newest matters: the first goes at once, then one per span of time, and the last one always.

export interface Throttled<T> {
  (value: T): void;
  /** What waits goes now. */
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
