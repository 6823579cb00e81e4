// Writes that can be undone: the values they change are read from the live queries first. A write that changes values which no live query
// contains is executed without an inverse, because its previous values are unknown.

import { type Changed, inverse } from '../../db/inverse.ts';
import { Union } from '../../db/union.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { rebase } from '../../transact/rebase.ts';
import type { ClientContext } from '../context.ts';
import { writeSetOf } from './write-set.ts';
import type { LiveQuery } from '../queries/live-query.ts';
import type { WritePromise } from './write-promise.ts';

export interface Undoable {
  readonly promise: WritePromise;
  /** The inverse. Undefined if it is unknown. */
  readonly inverse: readonly Step[] | undefined;
}

export class UndoApi {
  readonly #context: ClientContext;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** @throws TransactionValidationError, TriplaneError 'closed' */
  transact(chunks: unknown): Undoable {
    this.#context.writes.check(chunks);
    return this.#write(() => this.#context.writes.expand(chunks));
  }

  /** The inverse of an earlier write, rewritten for the current catalog. */
  apply(steps: readonly Step[]): Undoable {
    const { outbox, catalog } = this.#context.state;
    return this.#write(() => rebase(steps, catalog.known, outbox.renames));
  }

  #write(make: () => readonly Step[]): Undoable {
    let undo: readonly Step[] | undefined;
    const promise = this.#context.writes.write(() => {
      const steps = make();
      undo = this.#inverse(steps);
      return steps;
    });
    return { promise, inverse: undo };
  }

  #inverse(steps: readonly Step[]): readonly Step[] | undefined {
    const { config, state } = this.#context;
    const liveQueries = [...state.queries.list()].filter(({ processed }) => processed !== undefined);
    const attrs = state.catalog.withPending(state.outbox.pendingAttrs());
    const db = new Union(attrs, liveQueries.map(({ view }) => view.db)); // prettier-ignore
    const undo = inverse(steps, db, { now: () => config.clock.now(), useDates: config.useDates });
    const creates = writeSetOf(steps).creates;
    const isKnown = ({ etype, id, before, after }: Changed): boolean => {
      if (!before) return creates.has(id) || liveQueries.some((live) => showsAllOf(live, etype));
      if (!after) return true;
      const isCertain = liveQueries.some((live) => !hasFields(live.query) && live.view.has(etype, id));
      return isCertain || attrs.namespace(etype).blobs.every((attr) => before.value(attr) !== undefined || after.value(attr) === undefined);
    };
    const isComplete = steps.every((step) => step[0] !== 'delete-entity' || isFound(step[1], undo.changes));
    return isComplete && undo.changes.every(isKnown) ? undo.steps : undefined;
  }
}

/** An entity deleted without being in a result cannot be restored. */
function isFound(ref: unknown, changes: readonly Changed[]): boolean {
  return typeof ref !== 'string' || changes.some(({ id }) => id === ref);
}

/** All entities of the namespace that this user may view; others count as missing. */
function showsAllOf({ query }: LiveQuery, etype: string): boolean {
  const node = query[etype];
  return typeof node === 'object' && node !== null && Object.keys((node as { $?: object }).$ ?? {}).every((option) => option === 'order');
}

/** Rows with incomplete values: a missing one may exist on the server. */
function hasFields(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  return Object.entries(node).some(([key, value]) => key === 'fields' || hasFields(value));
}
