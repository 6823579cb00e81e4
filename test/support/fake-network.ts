// A Network that a test switches off and on.

import type { Network, NetworkChange } from '../../src/connection/network.ts';

export class FakeNetwork implements Network {
  #isOnline = true;
  readonly #listeners = new Set<(message: NetworkChange) => void>();

  isOnline(): boolean {
    return this.#isOnline;
  }

  subscribe(on: (message: NetworkChange) => void): () => void {
    this.#listeners.add(on);
    return () => this.#listeners.delete(on);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  goOffline(): void {
    this.#isOnline = false;
    this.#notify('offline');
  }

  goOnline(): void {
    this.#isOnline = true;
    this.#notify('online');
  }

  resume(): void {
    this.#notify('resumed');
  }

  /** What the platform says from now on, without an event. */
  claim(isOnline: boolean): void {
    this.#isOnline = isOnline;
  }

  #notify(message: NetworkChange): void {
    for (const listener of [...this.#listeners]) listener(message);
  }
}
