// What was answered before is here before the server speaks: recalled when a query is opened, written some time after it changed. A
// store that fails costs the next start its head start, and nothing else.

import { isWireAttr } from '../protocol/attr.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Edit } from '../storage/key-value.ts';
import {
  AnswerCache,
  attrsKey,
  type BaseJob,
  headKey,
  headPrefix,
  lastWritten,
  partPrefix,
  type Recalled,
  triplesIn,
} from './answer-cache.ts';
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
    const { organs, config, run } = boundTo(this.#back);
    const { owner } = organs.session;
    const isWanted = (): boolean => organs.queries.get(live.key) === live && live.source !== 'server' && organs.session.owner === owner;
    if (!isWanted()) return;
    try {
      const head = await config.store.get(headKey(owner, live.key));
      const records = await config.store.list(partPrefix(owner, live.key));
      if (organs.session.owner !== owner) return;
      const recalled = this.#cache.recall(live.key, owner, head, records);
      if (!recalled || !isWanted()) return;
      const answer = config.yieldEvery === undefined ? answerOf(recalled) : await this.#readInSlices(live, recalled, isWanted);
      if (answer) run(organs.queries.recalled(live, answer, recalled.processed));
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
    const { organs, config } = this.#back;
    const { queries, session } = organs;
    const { edits, jobs } = this.#cache.due(
      (key) => queries.get(key),
      session.owner,
      nowMs,
      () => config.random.eventId(),
    );
    for (const job of jobs) void this.#writeInSlices(job);
    if (edits.length > 0 || jobs.length > 0) void this.#prune();
    return edits.length > 0 ? [{ do: 'store', edits }] : [];
  }

  /** What has yet to be written is not: somebody else is here, or nobody any more. */
  forget(): void {
    this.#cache.clear();
    this.#isPruned = false;
  }

  /** A part is a write of its own: what the user writes meanwhile does not wait for all of them. */
  async #writeInSlices(job: BaseJob): Promise<void> {
    const { config, run } = boundTo(this.#back);
    const store = (...edits: Edit[]): void => run([{ do: 'store', edits }]);
    try {
      const { writeBase } = await import('./answer-slices.ts');
      const size = await writeBase(job, config, store, () => this.#cache.isWanted(job));
      if (size !== undefined) store(...this.#cache.baseWritten(job, size));
    } catch (error) {
      this.#cache.baseFailed(job);
      config.log.warn('an answer could not be kept', error);
    }
  }

  async #readInSlices(live: LiveQuery, recalled: Recalled, isWanted: () => boolean): Promise<QueryAnswer | undefined> {
    const { organs, config } = this.#back;
    const { readKept } = await import('./answer-slices.ts');
    const read = await readKept(live, recalled, config, isWanted);
    if (read?.ahead) organs.queries.readAhead.set(read.answer, read.ahead);
    return read?.answer;
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

function answerOf({ records, pageInfo, aggregate }: Recalled): QueryAnswer {
  const written = lastWritten(records);
  return { triples: records.flatMap((record, at) => triplesIn(record, at, written)), pageInfo, aggregate };
}

function boundTo(back: Back): Pick<Back, 'config' | 'organs' | 'run'> {
  return { config: back.config, organs: back.organs, run: (effects) => back.run(effects) };
}
