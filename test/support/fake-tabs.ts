// Tabs of one browser in one process: a channel they share, and a lock that passes on when its holder closes.

import type { TabEvents, Tabs } from '../../src/tabs/tabs.ts';

export class FakeBrowser {
  readonly #open: FakeTab[] = [];
  readonly #claimed = new Map<string, FakeTab>();

  tab(): Tabs {
    const tab = new FakeTab(this);
    this.#open.push(tab);
    if (this.#open.length === 1) tab.become();
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
    const wasSender = this.#open[0] === tab;
    this.#open.splice(this.#open.indexOf(tab), 1);
    if (wasSender) this.#open[0]?.become();
  }
}

class FakeTab implements Tabs {
  readonly #browser: FakeBrowser;
  #on: TabEvents | undefined;
  isSender = false;

  constructor(browser: FakeBrowser) {
    this.#browser = browser;
  }

  become(): void {
    this.isSender = true;
    this.#on?.becameSender();
  }

  hear(news: unknown): void {
    this.#on?.heard(news);
  }

  tell(news: unknown): void {
    const copy: unknown = structuredClone(news);
    for (const other of this.#browser.others(this)) queueMicrotask(() => other.hear(copy));
  }

  async claim(name: string): Promise<boolean> {
    return this.#browser.claim(this, name);
  }

  listen(on: TabEvents): void {
    this.#on = on;
    if (this.isSender) on.becameSender();
  }

  close(): void {
    this.#on = undefined;
    this.#browser.closed(this);
  }
}
