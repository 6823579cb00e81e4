// The writes that are not certain yet, and those that were refused: `db.useOutbox`.

import type { AnyCore } from './core.ts';
import { derived, type Source } from './source.ts';

type Outbox = AnyCore['outbox'];
export type OutboxEntry = ReturnType<Outbox['list']>[number];

export interface OutboxView extends Pick<Outbox, 'retry' | 'discard' | 'export'> {
  /** They show already, and the server does not have them yet; in order. */
  readonly pending: readonly OutboxEntry[];
  /** The server said no: each has its `error`. */
  readonly refused: readonly OutboxEntry[];
}

export function outboxOf({ outbox }: AnyCore): Source<OutboxView> {
  const calls: Pick<Outbox, 'retry' | 'discard' | 'export'> = {
    retry: (eventId) => outbox.retry(eventId),
    discard: (eventId) => outbox.discard(eventId),
    export: () => outbox.export(),
  };
  const view = (entries: readonly OutboxEntry[], before?: OutboxView): OutboxView => ({
    ...calls,
    pending: sameOr(
      before?.pending,
      entries.filter(({ state }) => state !== 'refused' && state !== 'applied'),
    ),
    refused: sameOr(
      before?.refused,
      entries.filter(({ state }) => state === 'refused'),
    ),
  });
  return derived(
    (changed) => outbox.subscribe(changed),
    () => outbox.list(),
    view,
    view([]),
  );
}

function sameOr(before: readonly OutboxEntry[] | undefined, after: readonly OutboxEntry[]): readonly OutboxEntry[] {
  return before && before.length === after.length && before.every((entry, at) => isSame(entry, after[at])) ? before : after;
}

function isSame(one: OutboxEntry, other: OutboxEntry | undefined): boolean {
  return one.eventId === other?.eventId && one.state === other.state && one.steps === other.steps && one.error === other.error;
}
