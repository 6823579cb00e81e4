// Writes that can be undone: what they change is taken from the live queries before they are made. What no live query shows is not known,
// and what is not known is never undone by guessing: such a write is made, and has no inverse.

import { type Changed, inverse } from '../db/inverse.ts';
import { Union } from '../db/union.ts';
import type { Step } from '../protocol/step.ts';
import { rebase } from '../transact/rebase.ts';
import type { Back } from './desk.ts';
import { footprintOf } from './footprint.ts';
import type { LiveQuery } from './live-query.ts';
import type { WriteDesk } from './write-desk.ts';
import type { WritePromise } from './write-promise.ts';

export interface Undoable {
  readonly written: WritePromise;
  /** What undoes it. Undefined if that is not known. */
  readonly inverse: readonly Step[] | undefined;
}

export class UndoDesk {
  readonly #back: Back;
  readonly #writes: WriteDesk;

  constructor(back: Back, writes: WriteDesk) {
    this.#back = back;
    this.#writes = writes;
  }

  /** @throws TransactionValidationError, TriplaneError 'closed' */
  transact(chunks: unknown): Undoable {
    this.#writes.check(chunks);
    return this.#write(() => this.#writes.expand(chunks));
  }

  /** The inverse of an earlier write, in the terms of the catalogue as it is now. */
  apply(steps: readonly Step[]): Undoable {
    const { outbox, catalogue } = this.#back.organs;
    return this.#write(() => rebase(steps, catalogue.known, outbox.renames));
  }

  #write(make: () => readonly Step[]): Undoable {
    let undoing: readonly Step[] | undefined;
    const written = this.#writes.write(() => {
      const steps = make();
      undoing = this.#inverse(steps);
      return steps;
    });
    return { written, inverse: undoing };
  }

  #inverse(steps: readonly Step[]): readonly Step[] | undefined {
    const { config, organs } = this.#back;
    const answered = [...(organs.queries?.list() ?? [])].filter(({ processed }) => processed !== undefined);
    const attrs = organs.catalogue.withPending(organs.outbox.makers());
    const db = new Union(attrs, answered.map(({ view }) => view.db)); // prettier-ignore
    const undoing = inverse(steps, db, { now: () => config.clock.now(), useDates: config.useDates });
    const creates = footprintOf(steps).creates;
    const isKnown = ({ etype, id, before, after }: Changed): boolean => {
      if (!before) return creates.has(id) || answered.some((live) => showsAllOf(live, etype));
      if (!after) return true;
      const isSure = answered.some((live) => !hasFields(live.query) && live.view.has(etype, id));
      return isSure || attrs.namespace(etype).blobs.every((attr) => before.value(attr) !== undefined || after.value(attr) === undefined);
    };
    const isDone = steps.every((step) => step[0] !== 'delete-entity' || isFound(step[1], undoing.changes));
    return isDone && undoing.changes.every(isKnown) ? undoing.steps : undefined;
  }
}

/** An entity that is deleted unseen cannot be brought back. */
function isFound(ref: unknown, changes: readonly Changed[]): boolean {
  return typeof ref !== 'string' || changes.some(({ id }) => id === ref);
}

/** Every entity of the namespace that this user may see: what is not among them is not there. */
function showsAllOf({ query }: LiveQuery, etype: string): boolean {
  const form = query[etype];
  return typeof form === 'object' && form !== null && Object.keys((form as { $?: object }).$ ?? {}).every((option) => option === 'order');
}

/** Rows without all their values: what is missing in them may be there. */
function hasFields(form: unknown): boolean {
  if (typeof form !== 'object' || form === null) return false;
  return Object.entries(form).some(([key, value]) => key === 'fields' || hasFields(value));
}
