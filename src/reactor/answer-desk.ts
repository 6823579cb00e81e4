// What was answered before is here before the server speaks: recalled when a query is opened, written some time after it changed. A
// store that fails costs the next start its head start, and nothing else.

import { isWireAttr } from '../protocol/attr.ts';
import { AnswerCache, attrsKey, headKey, headPrefix, partPrefix } from './answer-cache.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import type { LiveQuery } from './live-query.ts';

export class AnswerDesk {
  readonly #back: Back;
  readonly #cache = new AnswerCache();
  #isPruned = false;

  constructor(back: Back) {
    this.#back = back;
  }

  /** What was kept of the answer to a query that was just opened. */
  async recall(live: LiveQuery): Promise<void> {
    const { organs, config } = this.#back;
    if (organs.queries.get(live.key) !== live || live.source === 'server') return;
    try {
      const { owner } = organs.session;
      const head = await config.store.get(headKey(owner, live.key));
      if (head === undefined) return;
      const recalled = this.#cache.recall(live.key, head, await config.store.list(partPrefix(owner, live.key)));
      const isStill = organs.queries.get(live.key) === live && organs.session.owner === owner;
      if (recalled && isStill) this.#back.run(organs.queries.recalled(live, recalled.answer, recalled.processed));
    } catch (error) {
      config.log.warn('a kept answer could not be read', error);
    }
  }

  /** The attrs as they were when the server last told them: without them, kept answers mean nothing. */
  async recallAttrs(): Promise<void> {
    const { organs, config } = this.#back;
    const kept = await config.store.get(attrsKey);
    if (organs.catalogue.hasBeenTold || !Array.isArray(kept)) return;
    organs.catalogue.recall(kept.filter(isWireAttr));
    this.#back.run(organs.queries.setAttrs(organs.catalogue.known));
  }

  note(effect: Extract<Effect, { readonly do: 'keep' }>): void {
    this.#cache.note(effect.key, effect.report, this.#back.config.clock.now());
  }

  nextDue(): number | undefined {
    return this.#cache.nextDue();
  }

  due(nowMs: number): Effect[] {
    const { queries, session } = this.#back.organs;
    const edits = this.#cache.due((key) => queries.get(key), session.owner, nowMs);
    if (edits.length > 0) void this.#prune();
    return edits.length > 0 ? [{ do: 'store', edits }] : [];
  }

  userChanged(): void {
    this.#cache.clear();
    this.#isPruned = false;
  }

  /** Once per start is enough. */
  async #prune(): Promise<void> {
    if (this.#isPruned) return;
    this.#isPruned = true;
    const { organs, config } = this.#back;
    const { owner } = organs.session;
    try {
      const prefix = headPrefix(owner);
      const heads = (await config.store.list(prefix)).map(([name, head]) => [name.slice(prefix.length), head] as const);
      const edits = this.#cache.prune(heads, config.answerLimit, (key) => organs.queries.get(key) !== undefined, owner);
      if (edits.length > 0) this.#back.run([{ do: 'store', edits }]);
    } catch (error) {
      config.log.warn('kept answers could not be looked through', error);
    }
  }
}
