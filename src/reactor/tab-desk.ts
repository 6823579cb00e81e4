// Where other tabs come with their news. All tabs keep and show the same writes; one of them sends.

import type { Tabs } from '../tabs/tabs.ts';
import type { Account } from './account.ts';
import { confirmed } from './confirmed.ts';
import type { OpenBack } from './desk.ts';
import type { Effect } from './effect.ts';
import { readUser } from './kept-user.ts';
import { refused } from './refused.ts';
import { isTabNews, type TabNews } from './tab-news.ts';
import { asError } from './trouble.ts';
import type { WriteDesk } from './write-desk.ts';
import { readWrite } from './write.ts';

export class TabDesk {
  readonly #back: OpenBack;
  readonly #tabs: Tabs;
  readonly #account: Account;
  readonly #writes: WriteDesk;

  constructor(back: OpenBack, tabs: Tabs, account: Account, writes: WriteDesk) {
    this.#back = back;
    this.#tabs = tabs;
    this.#account = account;
    this.#writes = writes;
    tabs.listen({
      heard: (news) => void this.#whenLoaded(() => this.#take(news)),
      becameSender: () => void this.#whenLoaded(() => this.#reload()),
    });
  }

  tell(news: TabNews): void {
    this.#tabs.tell(news);
  }

  async close(): Promise<void> {
    await this.#tabs.close();
  }

  async #whenLoaded(work: () => Promise<void> | void): Promise<void> {
    await this.#account.loaded;
    try {
      await work();
    } catch (error) {
      this.#back.run([{ do: 'report', error: asError(error, 'storage-failed') }]);
    }
  }

  #take(news: unknown): Promise<void> | void {
    const { organs, config, events } = this.#back;
    events.emit('fact', 'tab', news);
    if (!isTabNews(news)) return;
    switch (news.type) {
      case 'write':
        return this.#takeWrite(news.record);
      case 'applied':
        return this.#show(confirmed(organs, news.eventId, news, config.clock.now()));
      case 'refused':
        return this.#takeRefusal(news.record);
      case 'gone':
        return this.#takeGone(news.eventIds);
      case 'user':
        return this.#account.takeUser(readUser(news.user));
    }
  }

  #takeWrite(record: unknown): void {
    const { outbox, queries, session } = this.#back.organs;
    const write = readWrite(record);
    if (write?.owner !== session.owner) return;
    const taken = outbox.load([write]);
    for (const { eventId } of taken) this.#writes.foreign.add(eventId);
    this.#back.run([...taken.flatMap((write) => queries.add(write)), { do: 'announce', what: 'outbox' }, { do: 'flush' }]);
  }

  #takeRefusal(record: unknown): void {
    const { organs } = this.#back;
    const { eventId = '', error, refusedAtMs = 0 } = readWrite(record) ?? {};
    const write = organs.outbox.get(eventId);
    if (write && error) this.#show(refused(organs, write, error, refusedAtMs));
  }

  #takeGone(eventIds: readonly string[]): void {
    const { outbox, refusals } = this.#back.organs;
    for (const eventId of eventIds) {
      refusals.delete(eventId);
      outbox.forget(eventId);
    }
    this.#back.run([{ do: 'announce', what: 'outbox' }]);
  }

  /** What is kept, and told, is so by the tab that sends. */
  #show(effects: readonly Effect[]): void {
    this.#back.run(effects.filter((effect) => effect.do !== 'store' && effect.do !== 'tell'));
  }

  /** What is on disk, from whichever tab, is taken up. */
  async #reload(): Promise<void> {
    await this.#writes.load();
    this.#back.run([{ do: 'flush' }, { do: 'announce', what: 'outbox' }]);
  }
}
