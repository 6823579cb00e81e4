// What the server holds at this moment, read past the rules and without waiting.

import type { WireQuery } from '../../protocol/query-messages.ts';
import { adminActor } from '../../server/data/system-rules.ts';
import { prepareQuery } from '../../server/queries/prepared-query.ts';
import { answerTree } from '../../server/queries/results.ts';
import type { App } from '../../server/session/app.ts';
import { completed } from '../../lib/yielding.ts';

/** @param isInferred whether links that have one end are one object, as with a schema */
export function readNow({ ledger: { db }, rulebook, limits }: App, query: object, isInferred: boolean): unknown {
  const shape = isInferred ? 'inferred-tree' : 'tree';
  const steps = answerTree(prepareQuery(query as WireQuery, shape, adminActor, db.attrs, rulebook.guard, limits), db, limits.resultLength);
  return completed(steps).text.toJSON();
}
