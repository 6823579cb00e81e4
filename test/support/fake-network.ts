// A Network that a test switches off and on.

import type { Network, NetworkNews } from '../../src/connection/network.ts';

export class FakeNetwork implements Network {
  #isOnline = true;
  readonly #listeners = new Set<(news: NetworkNews) => void>();

  isOnline(): boolean {
    return this.#isOnline;
  }

  subscribe(on: (news: NetworkNews) => void): () => void {
    this.#listeners.add(on);
    return () => this.#listeners.delete(on);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  goOffline(): void {
    this.#isOnline = false;
    this.#tell('offline');
  }

  goOnline(): void {
    this.#isOnline = true;
    this.#tell('online');
  }

  resume(): void {
    this.#tell('resumed');
  }

  /** What the platform says from now on, without an event. */
  claim(isOnline: boolean): void {
    this.#isOnline = isOnline;
  }

  #tell(news: NetworkNews): void {
    for (const listener of [...this.#listeners]) listener(news);
  }
}
