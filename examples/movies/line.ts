// A network that can be switched off by hand: what a laptop in a tunnel tells its programs.

import type { Network } from 'triplane';

export class SwitchedNetwork implements Network {
  readonly #listeners = new Set<(news: 'online' | 'offline') => void>();
  #isOnline = true;

  isOnline(): boolean {
    return this.#isOnline;
  }

  subscribe(on: (news: 'online' | 'offline' | 'resumed') => void): () => void {
    this.#listeners.add(on);
    return () => void this.#listeners.delete(on);
  }

  switch(isOnline: boolean): void {
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    for (const tell of [...this.#listeners]) tell(isOnline ? 'online' : 'offline');
  }
}
