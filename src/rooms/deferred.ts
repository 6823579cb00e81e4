// A promise that is settled from outside and whose rejection may go unhandled.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** An unhandled rejection is harmless here, because `onStatus` and `onError` report the same error. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void; // Assigned before `new Promise` returns.
  let reject!: (error: unknown) => void; // The same.
  const promise = new Promise<T>((give, fail) => {
    resolve = give;
    reject = fail;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
