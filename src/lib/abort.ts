// Cancellation by AbortSignal. However many calls wait for one signal, it has a single listener (Node warns above ten), which is removed
// when the last call has ended.

type Run = (reason: unknown) => void;

const listeners = new WeakMap<AbortSignal, { readonly runs: Set<Run>; readonly aborted: () => void }>();

/** Runs the function once when the signal is aborted, immediately if it already is. Returns a function that cancels this. */
export function onAbort(signal: AbortSignal | undefined, run: Run): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    run(reasonOf(signal));
    return () => {};
  }
  const { runs, aborted } = listeners.get(signal) ?? listenTo(signal);
  // A distinct entry, because the same function may be registered twice.
  const entry: Run = (reason) => run(reason);
  runs.add(entry);
  return () => {
    if (!runs.delete(entry) || runs.size > 0) return;
    signal.removeEventListener('abort', aborted);
    listeners.delete(signal);
  };
}

/** The promise, or a rejection with the signal's reason if it is aborted first. The underlying work continues; its result is ignored. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const stop = onAbort(signal, reject);
    promise.finally(() => stop()).then(resolve, reject);
  });
}

/** Returns a function that calls `end`; aborting the signal calls `end` too. */
export function endWithSignal(signal: AbortSignal | undefined, end: () => void): () => void {
  const stop = onAbort(signal, end);
  return () => {
    stop();
    end();
  };
}

function listenTo(signal: AbortSignal): { readonly runs: Set<Run>; readonly aborted: () => void } {
  const runs = new Set<Run>();
  // In reverse order: a write is cancelled before the write it builds on.
  const aborted = (): void => {
    for (const run of [...runs].reverse()) if (runs.delete(run)) run(reasonOf(signal));
  };
  signal.addEventListener('abort', aborted, { once: true });
  const own = { runs, aborted };
  listeners.set(signal, own);
  return own;
}

/** The platform's method, which React Native does not have. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** React Native's signals have no reason. */
function reasonOf({ reason }: AbortSignal): unknown {
  return reason ?? Object.assign(new Error('The operation was aborted'), { name: 'AbortError' });
}

/** Options of every call that waits, and of every subscription. */
export interface Abortable {
  /**
   * Aborting the signal ends the call: its promise rejects with the signal's reason, immediately if the signal was aborted before. A
   * subscription is ended.
   */
  signal?: AbortSignal | undefined;
}
