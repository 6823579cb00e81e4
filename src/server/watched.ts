// A question with everybody who asked it, and what they were told last. Knows how to tell what is new: as a whole answer to
// some, as a difference to those who take that. While all take differences, the answer itself is not made.

import type { Store } from '../db/store.ts';
import { equal } from '../lib/equal.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { type Change, isAffectedBy } from '../query/affected.ts';
import { type Interest, interestsOf } from '../query/interests.ts';
import { isSumOfRows, Tally, type TripleChange, tripleChange } from '../query/tally.ts';
import { answer, type Answered, isAnswerEqual } from './answers.ts';
import type { Asked } from './asked.ts';
import { withUrls } from './files/file-entities.ts';
import type { Listener } from './listener.ts';
import { deltaOf, type News } from './news.ts';

/** What is new of a query, for the two kinds of listeners. */
export interface Told {
  readonly whole: News | undefined;
  readonly delta: News | undefined;
}

export class Watched {
  readonly key: string;
  readonly q: WireQuery;
  readonly listeners = new Set<Listener>();
  #asked: Asked;
  #interests: readonly Interest[];
  /** Undefined = has to be made anew. */
  #told: Answered | undefined;
  /** The transaction since which it holds. */
  #toldAt: number;
  #tally: Tally | undefined;

  constructor(key: string, q: WireQuery, asked: Asked, db: Store, txId: number) {
    this.key = key;
    this.q = q;
    this.#asked = asked;
    this.#interests = allInterests(asked);
    this.#told = answer(asked, db);
    this.#toldAt = txId;
  }

  get asked(): Asked {
    return this.#asked;
  }

  get interests(): readonly Interest[] {
    return this.#interests;
  }

  /** As everybody who asked knows it. */
  told(db: Store): Answered {
    return (this.#told ??= answer(this.#asked, db));
  }

  /** The same question under another catalogue. */
  recompiled(asked: Asked): void {
    this.#asked = asked;
    this.#interests = allInterests(asked);
    this.#tally = undefined;
  }

  /** What the change did to the answer; undefined if nothing. */
  look(change: Change, db: Store, txId: number): Told | undefined {
    const { compiled, visible, returnType, sight } = this.#asked;
    // What rules look at may show or hide anything.
    const isReruled = [...change.report.keys()].some((etype) => sight?.etypes.has(etype));
    if (!isReruled && !isAffectedBy(compiled, change, { visible })) return undefined;
    const takers = [...this.listeners].filter(({ takesDeltas }) => takesDeltas && returnType === 'join-rows').length;
    const base = this.#toldAt;
    if (takers === this.listeners.size && !visible && isSumOfRows(compiled)) return this.#count(change, base, txId);
    // What was told last is what the data before the change say.
    const before = this.#told ?? answer(this.#asked, change.before);
    const after = this.#again(before, db, txId);
    if (!after) return undefined;
    const delta = takers > 0 ? { delta: this.#differenceOf(before, after, base) } : undefined;
    return { whole: this.#wholeOf(after), delta };
  }

  /** The whole answer as news. */
  whole(db: Store): News {
    return this.#wholeOf(this.told(db));
  }

  /** For when anything may have changed. */
  lookAtAll(db: Store, txId: number): Told | undefined {
    const after = this.#again(this.#told, db, txId);
    if (!after) return undefined;
    const whole = this.#wholeOf(after);
    return { whole, delta: whole };
  }

  #count(change: Change, base: number, txId: number): Told | undefined {
    this.#tally ??= new Tally(this.#asked.compiled, change.before);
    const triples = this.#tally.update(change);
    if (triples.added.length === 0 && triples.removed.length === 0) return undefined;
    this.#told = undefined;
    this.#toldAt = txId;
    return { whole: undefined, delta: { delta: deltaOf(this.q, base, this.#shown(triples), this.#asked.compiled.attrs) } };
  }

  #again(before: Answered | undefined, db: Store, txId: number): Answered | undefined {
    this.#tally = undefined;
    const after = answer(this.#asked, db);
    if (before && isAnswerEqual(before, after)) return undefined;
    this.#told = after;
    this.#toldAt = txId;
    return after;
  }

  #wholeOf({ result, meta }: Answered): News {
    return { whole: { 'instaql-query': this.q, 'instaql-result': result, 'result-meta': meta } };
  }

  #shown({ removed, added }: TripleChange): TripleChange {
    return { removed, added: [...withUrls(added, this.#asked.fileUrl)] };
  }

  #differenceOf({ answer: before }: Answered, { answer: after }: Answered, base: number) {
    const { attrs } = this.#asked.compiled;
    const { pageInfo, aggregate } = after;
    return deltaOf(this.q, base, this.#shown(tripleChange(before.triples, after.triples, attrs)), attrs, {
      ...(!equal(before.pageInfo, pageInfo) && { pageInfo }),
      ...(!equal(before.aggregate, aggregate) && { aggregate }),
    });
  }
}

function allInterests({ compiled, sight }: Asked): readonly Interest[] {
  return [...interestsOf(compiled), ...[...(sight?.etypes ?? [])].map((etype) => ({ etype, pin: undefined }))];
}
