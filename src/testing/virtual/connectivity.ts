// What the platform says of its network, switched off and on by a test.

import type { Network, NetworkChange } from '../../connection/network.ts';

export class VirtualConnectivity implements Network {
  #isOnline = true;
  readonly #listeners = new Set<(message: NetworkChange) => void>();
  readonly #hiddenListeners = new Set<() => void>();

  isOnline(): boolean {
    return this.#isOnline;
  }

  subscribe(on: (message: NetworkChange) => void): () => void {
    this.#listeners.add(on);
    return () => this.#listeners.delete(on);
  }

  onHidden(run: () => void): () => void {
    this.#hiddenListeners.add(run);
    return () => this.#hiddenListeners.delete(run);
  }

  hide(): void {
    for (const run of this.#hiddenListeners) run();
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
