// Live queries: who asked what, what each was told last, and who must hear of a change. Equal questions of sessions that
// see the same are one, evaluated once. A change costs by the queries it may touch, not by the sessions there are.

import type { Attrs } from '../db/attrs.ts';
import type { Report } from '../db/report.ts';
import type { Store } from '../db/store.ts';
import type { WireAttr } from '../protocol/attr.ts';
import type { Computation, RefreshOk, ServerMessage } from '../protocol/server-message.ts';
import type { ReturnType, WireQuery } from '../protocol/query-messages.ts';
import { type Change as Changed, changeOf, isAffectedBy } from '../query/affected.ts';
import { type Interest, interestsOf } from '../query/interests.ts';
import { queryKey } from '../query/key.ts';
import type { Letter, Listener } from './listener.ts';
import { answer, type Answered, isAnswerEqual } from './answers.ts';
import { type Asked, readQuery } from './asked.ts';
import { failure } from './refusal.ts';
import { viewOf } from './system-rules.ts';
import { WatchIndex } from './watch-index.ts';
import { InstantAPIError } from '../errors.ts';

/** A question with everybody who asked it. */
interface Watched {
  readonly key: string;
  readonly q: WireQuery;
  asked: Asked;
  told: Answered;
  /** As it stands in the index. */
  interests: readonly Interest[];
  readonly listeners: Set<Listener>;
}

export type Added = { readonly is: 'new'; readonly told: Answered } | { readonly is: 'known' };

/** What a turn changed, as far as queries care. */
export interface Change {
  readonly report: Report;
  readonly attrsChanged: boolean;
  /** Anything may have changed. */
  readonly isReload: boolean;
}

export interface Place {
  readonly txId: number;
  readonly isn: string;
}

export class Watchers {
  readonly #watched = new Map<string, Watched>();
  readonly #index = new WatchIndex<Watched>();
  /** Queries of each session, by what it asked. */
  readonly #ofListener = new Map<Listener, Map<string, Watched>>();

  /** How many live queries a session has. */
  count(listener: Listener): number {
    return this.#ofListener.get(listener)?.size ?? 0;
  }

  /** @throws InstantAPIError if it is no query */
  add(listener: Listener, q: WireQuery, returnType: ReturnType, db: Store): Added {
    const own = this.#ofListener.get(listener) ?? new Map<string, Watched>();
    const question = queryKey(q);
    if (own.has(question)) return { is: 'known' };
    const watched = this.#watch(listener, question, q, returnType, db);
    watched.listeners.add(listener);
    own.set(question, watched);
    this.#ofListener.set(listener, own);
    return { is: 'new', told: watched.told };
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
    const news = new Map<Listener, Computation[]>();
    const letters: Letter[] = [];
    const changed = changeOf(change.report, db);
    for (const watched of this.#candidates(change, db)) this.#lookAgain(watched, change, changed, db, news, letters);
    for (const listener of change.attrsChanged ? to.all : to.writers) if (!news.has(listener)) news.set(listener, []);
    const drafts = new Drafts(place, attrs);
    for (const [listener, computations] of news) {
      const needsAttrs = change.attrsChanged || !listener.features.skipAttrs || to.mended.has(listener);
      letters.push({ to: listener, message: drafts.refreshOk(computations, needsAttrs) });
    }
    return letters;
  }

  #watch(listener: Listener, question: string, q: WireQuery, returnType: ReturnType, db: Store): Watched {
    const asked = readQuery(q, returnType, listener.actor, db.attrs);
    const key = `${returnType} ${viewOf(listener.actor, asked.compiled.etypes)} ${question}`;
    const known = this.#watched.get(key);
    if (known) return known;
    const watched: Watched = { key, q, asked, told: answer(asked, db), interests: interestsOf(asked.compiled), listeners: new Set() };
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

  #lookAgain(watched: Watched, change: Change, changed: Changed, db: Store, news: Map<Listener, Computation[]>, letters: Letter[]): void {
    try {
      const isRecompiled = change.attrsChanged && this.#recompile(watched, db.attrs);
      const { compiled, visible } = watched.asked;
      if (!isRecompiled && !change.isReload && !isAffectedBy(compiled, changed, { visible })) return;
      const told = answer(watched.asked, db);
      if (isAnswerEqual(told, watched.told)) return;
      watched.told = told;
    } catch (error) {
      letters.push(...this.#drop(watched, error));
      return;
    }
    const { result, meta } = watched.told;
    const computation: Computation = { 'instaql-query': watched.q, 'instaql-result': result, 'result-meta': meta };
    for (const listener of watched.listeners) {
      const computations = news.get(listener) ?? [];
      computations.push(computation);
      news.set(listener, computations);
    }
  }

  /** @returns whether the query may mean something else now */
  #recompile(watched: Watched, attrs: Attrs): boolean {
    const [listener] = watched.listeners;
    const { compiled } = watched.asked;
    const isSame = [...compiled.etypes].every((etype) => compiled.attrs.signature(etype) === attrs.signature(etype));
    if (!listener) return false;
    watched.asked = readQuery(watched.q, watched.asked.returnType, listener.actor, attrs);
    this.#index.remove(watched, watched.interests);
    watched.interests = interestsOf(watched.asked.compiled);
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

/** Sessions that are told the same are sent the same object, so that it is written once. */
class Drafts {
  readonly #place: Place;
  readonly #attrs: readonly WireAttr[];
  readonly #made = new Map<string, RefreshOk>();
  readonly #ids = new Map<Computation, number>();

  constructor(place: Place, attrs: readonly WireAttr[]) {
    this.#place = place;
    this.#attrs = attrs;
  }

  refreshOk(computations: readonly Computation[], needsAttrs: boolean): RefreshOk {
    const key = `${needsAttrs} ${computations.map((computation) => this.#id(computation)).join(' ')}`;
    let message = this.#made.get(key);
    if (!message) {
      message = {
        op: 'refresh-ok',
        'processed-tx-id': this.#place.txId,
        'processed-isn': this.#place.isn,
        ...(needsAttrs && { attrs: this.#attrs }),
        computations,
      };
      this.#made.set(key, message);
    }
    return message;
  }

  #id(computation: Computation): number {
    const known = this.#ids.get(computation);
    if (known !== undefined) return known;
    this.#ids.set(computation, this.#ids.size);
    return this.#ids.size - 1;
  }
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
