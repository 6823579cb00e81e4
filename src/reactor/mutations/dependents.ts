// The writes that must not be sent without another one, because they are about an entity that it creates.

import type { Mutation } from './mutation.ts';
import { dependsOn, type Missing, writeSetOf } from './write-set.ts';

/** The candidates among these writes, in order, that depend on one of the entities, directly or through another candidate. */
export function dependentsOf(writes: readonly Mutation[], missing: Missing, isCandidate: (write: Mutation) => boolean): Mutation[] {
  const creates = new Set(missing.creates);
  const upserts = new Set(missing.upserts);
  return writes.filter((write) => {
    const made = writeSetOf(write.steps);
    if (isCandidate(write) && dependsOn(write.steps, { creates, upserts })) {
      for (const id of made.creates) creates.add(id);
      for (const id of made.upserts) upserts.add(id);
      return true;
    }
    for (const id of made.upserts) upserts.delete(id);
    return false;
  });
}
