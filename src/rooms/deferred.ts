// A promise that is settled from outside, and that no one has to listen to.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A rejection without a listener is no fault here: the same error reaches `onStatus` and `onError`. */
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
