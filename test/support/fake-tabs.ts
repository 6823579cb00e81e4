// Tabs of one browser in one process: a channel they share, and a lock that passes on when its holder closes.

import type { TabEvents, Tabs } from '../../src/reactor/tabs/tab-channel.ts';

export class FakeBrowser {
  readonly #open: FakeTab[] = [];
  readonly #claimed = new Map<string, FakeTab>();

  tab(): Tabs {
    const tab = new FakeTab(this);
    this.#open.push(tab);
    if (this.#open.length === 1) tab.becomeLeader();
    return tab;
  }

  others(tab: FakeTab): FakeTab[] {
    return this.#open.filter((other) => other !== tab);
  }

  claim(tab: FakeTab, name: string): boolean {
    if (this.#claimed.has(name)) return false;
    this.#claimed.set(name, tab);
    return true;
  }

  closed(tab: FakeTab): void {
    for (const [name, holder] of this.#claimed) if (holder === tab) this.#claimed.delete(name);
    const wasLeader = this.#open[0] === tab;
    this.#open.splice(this.#open.indexOf(tab), 1);
    if (wasLeader) this.#open[0]?.becomeLeader();
  }
}

class FakeTab implements Tabs {
  readonly #browser: FakeBrowser;
  #on: TabEvents | undefined;
  isLeader = false;

  constructor(browser: FakeBrowser) {
    this.#browser = browser;
  }

  becomeLeader(): void {
    this.isLeader = true;
    this.#on?.onBecameLeader();
  }

  receive(message: unknown): void {
    this.#on?.onMessage(message);
  }

  broadcast(message: unknown): void {
    const copy: unknown = structuredClone(message);
    for (const other of this.#browser.others(this)) queueMicrotask(() => other.receive(copy));
  }

  async acquire(name: string): Promise<boolean> {
    return this.#browser.claim(this, name);
  }

  listen(on: TabEvents): void {
    this.#on = on;
    if (this.isLeader) on.onBecameLeader();
  }

  close(): void {
    this.#on = undefined;
    this.#browser.closed(this);
  }
}
