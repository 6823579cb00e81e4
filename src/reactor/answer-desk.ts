// What was answered before is here before the server speaks: recalled when a query is opened, written some time after it changed. A
// store that fails costs the next start its head start, and nothing else.

import { isObject } from '../protocol/check.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import type { Edit } from '../storage/key-value.ts';
import { packRows, packTriples, unpackTriples } from './answer-record.ts';
import type { OpenBack } from './desk.ts';
import type { Effect } from './effect.ts';
import { hasOutgrown, type Head, headPrefix, isHead, KeptAnswer, partsOf } from './kept-answer.ts';
import type { LiveQuery } from './live-query.ts';

type About = Pick<Head, 'processed' | 'pageInfo' | 'aggregate' | 'usedAtMs'>;

const settleMs = 1_000;
/** More in one change would take too long at once. */
const mostEntities = 1_000;

export class AnswerDesk {
  readonly #back: OpenBack;
  readonly #kept = new Map<string, KeptAnswer>();
  #dueMs: number | undefined;
  #isPruned = false;

  constructor(back: OpenBack) {
    this.#back = back;
  }

  /** What was kept of the answer to a query that was just opened. */
  async recall(live: LiveQuery): Promise<void> {
    const { organs, config } = this.#back;
    const { session, queries } = organs;
    const { owner } = session;
    const isWanted = (): boolean => queries.get(live.key) === live && live.source !== 'server' && session.owner === owner;
    if (!isWanted()) return;
    const kept = this.#keptOf(live.key);
    try {
      const head = await config.store.get(kept.headKey);
      const found = kept.found(head, await config.store.list(kept.prefix));
      if (!found || !isHead(head)) return;
      const answer = await this.#read(live, found, head, isWanted);
      if (answer && isWanted()) this.#back.run(queries.recalled(live, answer, head.processed ?? {}));
    } catch (error) {
      config.log.warn('a kept answer could not be read', error);
    }
  }

  /** The answer changed. It is written when some time has passed, with what else has changed by then. */
  note({ key, report }: Extract<Effect, { readonly do: 'keep' }>): void {
    const kept = this.#keptOf(key);
    this.#dueMs ??= this.#back.config.clock.now() + settleMs;
    if (!kept.head && !kept.isWriting) kept.changed = 'all';
    if (kept.changed === 'all') return;
    kept.changed ??= new Set();
    for (const changes of report.values()) for (const id of changes.keys()) kept.changed.add(id);
  }

  nextDue(): number | undefined {
    return this.#dueMs;
  }

  due(nowMs: number): void {
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return;
    this.#dueMs = undefined;
    for (const [key, kept] of this.#kept) {
      const { changed } = kept;
      if (!changed) continue;
      if (kept.isWriting) {
        this.#dueMs = nowMs + settleMs;
        continue;
      }
      kept.changed = undefined;
      const live = this.#back.organs.queries.get(key);
      if (live?.source === 'server') this.#write(live, kept, changed, nowMs);
    }
    void this.#prune();
  }

  /** What has yet to be written is not: somebody else is here, or nobody any more. */
  forget(): void {
    this.#kept.clear();
    this.#dueMs = undefined;
    this.#isPruned = false;
  }

  #keptOf(key: string): KeptAnswer {
    const kept = this.#kept.get(key) ?? new KeptAnswer(this.#back.organs.session.owner, key);
    this.#kept.set(key, kept);
    return kept;
  }

  #store(...edits: Edit[]): void {
    this.#back.run([{ do: 'store', edits }]);
  }

  #write(live: LiveQuery, kept: KeptAnswer, changed: ReadonlySet<string> | 'all', usedAtMs: number): void {
    const { view, processed } = live;
    const { head } = kept;
    const about: About = { processed, pageInfo: view.info?.pageInfo, aggregate: view.info?.aggregate, usedAtMs };
    if (!head || changed === 'all' || changed.size > mostEntities || hasOutgrown(head)) return void this.#writeBase(live, kept, about);
    const gone = [...changed];
    const text = packTriples(gone.flatMap((id) => view.answered.triplesOf(id)));
    this.#store(
      { put: kept.recordKey(head.base, 'd', head.changes), value: { gone, text } },
      ...kept.named({ ...head, ...about, changes: head.changes + 1, changesSize: head.changesSize + text.length }),
    );
  }

  /** In slices if it is big. A part is then a write of its own: what the user writes meanwhile does not wait for all of them. */
  async #writeBase({ key, view }: LiveQuery, kept: KeptAnswer, about: About): Promise<void> {
    const { config } = this.#back;
    const parts = partsOf(view.answered);
    const base = config.random.eventId();
    let baseSize = 0;
    kept.isWriting = true;
    try {
      const breath = parts.length > 1 ? new (await import('./slices.ts')).Breath(config) : undefined;
      for (const [at, rows] of parts.entries()) {
        if (breath?.isDue) await breath.take();
        if (this.#kept.get(key) !== kept) return;
        const text = packRows(rows);
        baseSize += text.length;
        this.#store({ put: kept.recordKey(base, 'b', at), value: { text } });
      }
      this.#store(...kept.named({ ...about, base, parts: parts.length, changes: 0, baseSize, changesSize: 0 }));
    } catch (error) {
      // With the next change it is tried again.
      kept.changed = 'all';
      config.log.warn('an answer could not be kept', error);
    }
    kept.isWriting = false;
  }

  /** What was written last of an entity is read first: nothing older counts. In slices if they are asked for. Undefined if nobody wants it any more. */
  async #read(
    { view }: LiveQuery,
    records: readonly unknown[],
    { pageInfo, aggregate }: Head,
    isWanted: () => boolean,
  ): Promise<QueryAnswer | undefined> {
    const { organs, config } = this.#back;
    const slices = config.yieldEvery === undefined ? undefined : await import('./slices.ts');
    const breath = slices && new slices.Breath(config);
    const triples: Triple[] = [];
    const told = new Set<unknown>();
    for (const record of [...records].reverse()) {
      if (!isWanted()) return undefined;
      if (!isObject(record)) continue;
      for (const triple of unpackTriples(record['text'])) if (!told.has(triple[0])) triples.push(triple);
      if (Array.isArray(record['gone'])) for (const id of record['gone']) told.add(id);
      if (breath?.isDue) await breath.take();
    }
    const answer = { triples, pageInfo, aggregate };
    const ahead = breath && (await slices.readAhead(view, answer, breath, isWanted));
    if (ahead) organs.queries.readAhead.set(answer, ahead);
    return answer;
  }

  /** Out with those that were used longest ago, beyond so many. Once per start is enough. */
  async #prune(): Promise<void> {
    if (this.#isPruned) return;
    this.#isPruned = true;
    const { organs, config } = this.#back;
    const { owner } = organs.session;
    const prefix = headPrefix(owner);
    try {
      const heads = (await config.store.list(prefix)).map(([name, head]) => ({ key: name.slice(prefix.length), head }));
      const idle = heads.filter(({ key }) => !organs.queries.get(key) && !this.#kept.get(key)?.isWriting);
      idle.sort((a, b) => usedAt(b.head) - usedAt(a.head));
      for (const { key, head } of idle.slice(config.answerLimit)) {
        this.#kept.delete(key);
        this.#store(...new KeptAnswer(owner, key).removals(head));
      }
    } catch (error) {
      config.log.warn('kept answers could not be looked through', error);
    }
  }
}

function usedAt(head: unknown): number {
  return isHead(head) ? head.usedAtMs : 0;
}
