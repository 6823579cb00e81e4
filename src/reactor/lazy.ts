// A part of the program that is loaded when it is first needed. That it could not be loaded is told to whoever asked, and forgotten: the
// next one to ask tries again.

import { TriplaneError } from '../errors.ts';

export class Lazy<T> {
  readonly #load: () => Promise<T>;
  #loading: Promise<T> | undefined;
  #here: T | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Undefined until it has been loaded. */
  get here(): T | undefined {
    return this.#here;
  }

  /** Rejects with 'unreachable'. */
  load(): Promise<T> {
    return (this.#loading ??= this.#load().then(
      (part) => (this.#here = part),
      (cause: unknown) => {
        this.#loading = undefined;
        throw new TriplaneError('unreachable', 'A part of the program could not be loaded. Is this device online?', { cause });
      },
    ));
  }
}
