// Index from a change to the live queries it may affect. Each query registers its dependencies once; the cost of a change then depends on
// its rows and the affected queries, not on the number of queries.

import type { Db } from '../../db/db.ts';
import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import type { Value } from '../../protocol/triple.ts';
import { type Dependency, type KeyConstraint, type KeyExtractor, keyOf } from '../../query/dependencies.ts';

interface Bucket<Query> {
  readonly keyOf: KeyExtractor;
  readonly byValue: Map<Value, Set<Query>>;
}

interface EtypeQueries<Query> {
  readonly all: Set<Query>;
  readonly buckets: Map<string, Bucket<Query>>;
}

export class SubscriptionIndex<Query> {
  readonly #byEtype = new Map<string, EtypeQueries<Query>>();

  add(query: Query, dependencies: readonly Dependency[]): void {
    for (const { etype, keyConstraint } of dependencies) {
      let ofEtype = this.#byEtype.get(etype);
      if (!ofEtype) this.#byEtype.set(etype, (ofEtype = { all: new Set(), buckets: new Map() }));
      if (keyConstraint) addToBucket(ofEtype, keyConstraint, query);
      else ofEtype.all.add(query);
    }
  }

  /** `interests`: the dependencies as registered. */
  remove(query: Query, dependencies: readonly Dependency[]): void {
    for (const { etype, keyConstraint } of dependencies) {
      const ofEtype = this.#byEtype.get(etype);
      if (!ofEtype) continue;
      if (keyConstraint) removeFromBucket(ofEtype, keyConstraint, query);
      else ofEtype.all.delete(query);
      if (ofEtype.all.size === 0 && ofEtype.buckets.size === 0) this.#byEtype.delete(etype);
    }
  }

  /** `db`: the data after the change. */
  find(changeSet: ChangeSet, db: Db): ReadonlySet<Query> {
    const found = new Set<Query>();
    for (const [etype, changes] of changeSet) {
      const ofEtype = this.#byEtype.get(etype);
      if (!ofEtype) continue;
      for (const query of ofEtype.all) found.add(query);
      for (const bucket of ofEtype.buckets.values()) collectQueries(bucket, changes, db, found);
    }
    return found;
  }
}

function collectQueries<Query>(bucket: Bucket<Query>, changes: ReadonlyMap<string, RowChange>, db: Db, found: Set<Query>): void {
  for (const [id, change] of changes) {
    for (const value of keyOf(bucket.keyOf, id, change, db)) for (const query of bucket.byValue.get(value) ?? []) found.add(query);
  }
}

const nameOf = (at: KeyExtractor): string => (at.by === 'id' ? 'id' : `${at.by} ${at.attr.id}`);

function addToBucket<Query>({ buckets }: EtypeQueries<Query>, keyConstraint: KeyConstraint, query: Query): void {
  const name = nameOf(keyConstraint.extractor);
  let bucket = buckets.get(name);
  if (!bucket) buckets.set(name, (bucket = { keyOf: keyConstraint.extractor, byValue: new Map() }));
  for (const value of keyConstraint.values) {
    const queries = bucket.byValue.get(value);
    if (queries) queries.add(query);
    else bucket.byValue.set(value, new Set([query]));
  }
}

function removeFromBucket<Query>({ buckets }: EtypeQueries<Query>, keyConstraint: KeyConstraint, query: Query): void {
  const name = nameOf(keyConstraint.extractor);
  const bucket = buckets.get(name);
  if (!bucket) return;
  for (const value of keyConstraint.values) {
    const queries = bucket.byValue.get(value);
    queries?.delete(query);
    if (queries?.size === 0) bucket.byValue.delete(value);
  }
  if (bucket.byValue.size === 0) buckets.delete(name);
}
