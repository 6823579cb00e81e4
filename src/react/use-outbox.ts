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
  return derived(
    (changed) => outbox.subscribe(changed),
    () => outbox.list(),
    (entries = []): OutboxView => ({
      ...calls,
      pending: entries.filter(({ state }) => state !== 'refused' && state !== 'applied'),
      refused: entries.filter(({ state }) => state === 'refused'),
    }),
  );
}
