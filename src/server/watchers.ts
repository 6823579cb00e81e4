// Live queries: who asked what, what each was told last, and who must hear of a change. Equal questions of sessions that
// see the same are one, evaluated once. A change costs by the queries it may touch, not by the sessions there are.

import type { Attrs } from '../db/attrs.ts';
import type { Report } from '../db/report.ts';
import type { Store } from '../db/store.ts';
import { InstantAPIError } from '../errors.ts';
import type { WireAttr } from '../protocol/attr.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { type Change as Changed, changeOf } from '../query/affected.ts';
import { queryKey } from '../query/key.ts';
import { type Answered, isAnswerEqual } from './answers.ts';
import { readQuery, type ResultShape } from './asked.ts';
import type { Letter, Listener } from './listener.ts';
import { Drafts, type News, type Place } from './news.ts';
import { failure } from './refusal.ts';
import type { Guard } from './rules/guard.ts';
import { WatchIndex } from './watch-index.ts';
import { type Told, Watched } from './watched.ts';

export type Added = { readonly is: 'new'; readonly told: Answered } | { readonly is: 'known' };

/** What a turn changed, as far as queries care. */
export interface Change {
  readonly report: Report;
  readonly attrsChanged: boolean;
  /** Anything may have changed. */
  readonly isReload: boolean;
}

/** One turn, as each query it may be for is looked at. */
interface Turn {
  readonly change: Change;
  readonly changed: Changed;
  readonly db: Store;
  readonly place: Place;
  readonly news: Map<Listener, News[]>;
  /** What is said besides. */
  readonly letters: Letter[];
}

export class Watchers {
  readonly #watched = new Map<string, Watched>();
  readonly #index = new WatchIndex<Watched>();
  /** Queries of each session, by what it asked. */
  readonly #ofListener = new Map<Listener, Map<string, Watched>>();
  #guard: Guard;

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** How many live queries a session has. */
  count(listener: Listener): number {
    return this.#ofListener.get(listener)?.size ?? 0;
  }

  /** @throws InstantAPIError if it is no query */
  add(listener: Listener, q: WireQuery, returnType: ResultShape, db: Store, txId: number): Added {
    const question = queryKey(q);
    if (this.#ofListener.get(listener)?.has(question)) return { is: 'known' };
    return { is: 'new', told: this.#enter(listener, question, q, returnType, db, txId).told(db) };
  }

  remove(listener: Listener, q: WireQuery): void {
    const own = this.#ofListener.get(listener);
    const question = queryKey(q);
    const watched = own?.get(question);
    if (!own || !watched) return;
    own.delete(question);
    if (own.size === 0) this.#ofListener.delete(listener);
    this.#leave(listener, watched);
  }

  forget(listener: Listener): void {
    for (const watched of this.#ofListener.get(listener)?.values() ?? []) this.#leave(listener, watched);
    this.#ofListener.delete(listener);
  }

  /**
   * What is to be said after a change. `alsoTo`: those who hear of it even if none of their answers changed; `attrsTo`:
   * those who get the catalogue even if it did not.
   */
  refresh(change: Change, db: Store, place: Place, attrs: readonly WireAttr[], to: Audience): Letter[] {
    const turn: Turn = { change, changed: changeOf(change.report, db), db, place, news: new Map(), letters: [] };
    for (const watched of this.#candidates(change, db)) this.#lookAgain(watched, turn);
    const { news, letters } = turn;
    for (const listener of change.attrsChanged ? to.all : to.writers) if (!news.has(listener)) news.set(listener, []);
    const drafts = new Drafts(place, attrs);
    for (const [listener, own] of news) {
      const needsAttrs = change.attrsChanged || !listener.features.skipAttrs || to.mended.has(listener);
      letters.push({ to: listener, message: drafts.refreshOk(own, needsAttrs) });
    }
    return letters;
  }

  /**
   * Everything is looked at again under other rules: those who see the same now share an answer, and no others. What is to be
   * said to those for whom something changed.
   */
  guardBy(guard: Guard, db: Store, place: Place): Letter[] {
    const before = [...this.#ofListener].flatMap(([listener, own]) =>
      [...own].map(([question, watched]) => ({ listener, question, watched })),
    );
    for (const { listener } of before) this.forget(listener);
    this.#guard = guard;
    const news = new Map<Listener, News[]>();
    const letters: Letter[] = [];
    const made = new Map<Watched, News>();
    for (const { listener, question, watched } of before) {
      const { q, asked } = watched;
      try {
        const next = this.#enter(listener, question, q, asked.returnType, db, place.txId);
        if (isAnswerEqual(next.told(db), watched.told(db))) continue;
        const one = made.get(next) ?? next.whole(db);
        made.set(next, one);
        news.set(listener, [...(news.get(listener) ?? []), one]);
      } catch (error) {
        letters.push({ to: listener, message: refreshFailed(q, error) });
      }
    }
    const drafts = new Drafts(place, []);
    for (const [listener, own] of news) letters.push({ to: listener, message: drafts.refreshOk(own, false) });
    return letters;
  }

  #enter(listener: Listener, question: string, q: WireQuery, returnType: ResultShape, db: Store, txId: number): Watched {
    const watched = this.#watch(listener, question, q, returnType, db, txId);
    const own = this.#ofListener.get(listener) ?? new Map<string, Watched>();
    watched.listeners.add(listener);
    this.#ofListener.set(listener, own.set(question, watched));
    return watched;
  }

  #watch(listener: Listener, question: string, q: WireQuery, returnType: ResultShape, db: Store, txId: number): Watched {
    const asked = readQuery(q, returnType, listener.actor, db.attrs, this.#guard);
    const key = `${returnType} ${asked.sight?.key ?? ''} ${question}`;
    const known = this.#watched.get(key);
    if (known) return known;
    const watched = new Watched(key, q, asked, db, txId);
    this.#watched.set(key, watched);
    this.#index.add(watched, watched.interests);
    return watched;
  }

  #leave(listener: Listener, watched: Watched): void {
    watched.listeners.delete(listener);
    if (watched.listeners.size > 0) return;
    this.#watched.delete(watched.key);
    this.#index.remove(watched, watched.interests);
  }

  #candidates({ report, attrsChanged, isReload }: Change, db: Store): Iterable<Watched> {
    return attrsChanged || isReload ? [...this.#watched.values()] : this.#index.find(report, db);
  }

  #lookAgain(watched: Watched, { change, changed, db, place, news, letters }: Turn): void {
    let told: Told | undefined;
    try {
      const isRecompiled = change.attrsChanged && this.#recompile(watched, db.attrs);
      const isAnything = isRecompiled || change.isReload;
      told = isAnything ? watched.lookAtAll(db, place.txId) : watched.look(changed, db, place.txId);
    } catch (error) {
      letters.push(...this.#drop(watched, error));
      return;
    }
    if (!told) return;
    for (const listener of watched.listeners) {
      const one = (listener.takesDeltas ? told.delta : undefined) ?? told.whole;
      const own = news.get(listener);
      if (one && own) own.push(one);
      else if (one) news.set(listener, [one]);
    }
  }

  /** @returns whether the query may mean something else now */
  #recompile(watched: Watched, attrs: Attrs): boolean {
    const [listener] = watched.listeners;
    const { compiled, returnType, sight } = watched.asked;
    const isSame = [...compiled.etypes, ...(sight?.etypes ?? [])].every(
      (etype) => compiled.attrs.signature(etype) === attrs.signature(etype),
    );
    if (!listener) return false;
    const asked = readQuery(watched.q, returnType, listener.actor, attrs, this.#guard);
    this.#index.remove(watched, watched.interests);
    watched.recompiled(asked);
    this.#index.add(watched, watched.interests);
    return !isSame;
  }

  /** One query that cannot be answered any more takes no other with it. */
  #drop(watched: Watched, error: unknown): Letter[] {
    const letters: Letter[] = [];
    const message = refreshFailed(watched.q, error);
    for (const listener of [...watched.listeners]) {
      letters.push({ to: listener, message });
      this.remove(listener, watched.q);
    }
    return letters;
  }
}

export interface Audience {
  readonly all: Iterable<Listener>;
  readonly writers: ReadonlySet<Listener>;
  readonly mended: ReadonlySet<Listener>;
}

function refreshFailed(q: WireQuery, error: unknown): ServerMessage {
  const { status, body } = error instanceof InstantAPIError ? error : failure(error);
  return {
    op: 'error',
    'client-event-id': null,
    status,
    type: body.type ?? null,
    message: body.message ?? null,
    hint: body.hint ?? null,
    'original-event': { op: 'refresh', q, 'instaql-queries': [q] },
  };
}
