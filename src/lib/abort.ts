// Giving up on what waits, by an AbortSignal. However many calls wait under one signal it has one listener of ours (Node warns of more than
// ten), and none once the last of them has ended.

type Run = (reason: unknown) => void;

const listeners = new WeakMap<AbortSignal, { readonly runs: Set<Run>; readonly aborted: () => void }>();

/** What is run once when the signal is aborted; at once if it was before. Gives what takes that back. */
export function onAbort(signal: AbortSignal | undefined, run: Run): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    run(signal.reason);
    return () => {};
  }
  const { runs, aborted } = listeners.get(signal) ?? listenTo(signal);
  // One of its own, though the same function may wait twice.
  const entry: Run = (reason) => run(reason);
  runs.add(entry);
  return () => {
    if (!runs.delete(entry) || runs.size > 0) return;
    signal.removeEventListener('abort', aborted);
    listeners.delete(signal);
  };
}

/** The promise, unless the signal is aborted first: then its reason. What was begun goes on, and nobody hears of it. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const stop = onAbort(signal, reject);
    promise.finally(() => stop()).then(resolve, reject);
  });
}

/** What ends something, and is called by the signal too. */
export function endWithSignal(signal: AbortSignal | undefined, end: () => void): () => void {
  const stop = onAbort(signal, end);
  return () => {
    stop();
    end();
  };
}

function listenTo(signal: AbortSignal): { readonly runs: Set<Run>; readonly aborted: () => void } {
  const runs = new Set<Run>();
  // The last first: a write is taken back before the one that it builds on.
  const aborted = (): void => {
    for (const run of [...runs].reverse()) if (runs.delete(run)) run(signal.reason);
  };
  signal.addEventListener('abort', aborted, { once: true });
  const own = { runs, aborted };
  listeners.set(signal, own);
  return own;
}

// How a call that waits is given up.

/** Options of every call that waits, and of what goes on until it is ended. */
export interface Abortable {
  /**
   * Aborted, it ends the waiting: the promise rejects with the signal's reason, at once if the signal was aborted before. What goes on until
   * it is ended, such as a subscription, is ended.
   */
  signal?: AbortSignal | undefined;
}
