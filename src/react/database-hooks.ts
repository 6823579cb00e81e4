// The hooks on database state: `db.useOutbox`, `db.useLocalId`, `db.useConnectionStatus`, `db.useAppStatus`, `db.useAuth`.

import { useMemo } from 'react';
import type { AppStatusState, AuthState, ConnectionStatus } from 'triplane';
import { derivedStore, eventSubscriber, type ExternalStore } from './external-store.ts';
import type { AnyCore } from './types.ts';
import { useExternalStore } from './use-external-store.ts';
import { internals } from '../lib/internals.ts';

type Outbox = AnyCore['outbox'];
export type OutboxEntry = ReturnType<Outbox['list']>[number];

export interface OutboxView extends Pick<Outbox, 'retry' | 'discard' | 'export'> {
  /** Writes the server has not acknowledged, in order. Their effect is already visible. */
  readonly pending: readonly OutboxEntry[];
  /** Writes the server rejected, each with its `error`. */
  readonly rejected: readonly OutboxEntry[];
}

export function outboxOf({ outbox }: AnyCore): ExternalStore<OutboxView> {
  const calls: Pick<Outbox, 'retry' | 'discard' | 'export'> = {
    retry: (eventId) => outbox.retry(eventId),
    discard: (eventId) => outbox.discard(eventId),
    export: () => outbox.export(),
  };
  return derivedStore(
    (changed) => outbox.subscribe(changed),
    () => outbox.list(),
    (entries = []): OutboxView => ({
      ...calls,
      pending: entries.filter(({ state }) => state !== 'rejected' && state !== 'acknowledged'),
      rejected: entries.filter(({ state }) => state === 'rejected'),
    }),
  );
}

export function useLocalId(core: AnyCore, name: string): string | null {
  return useExternalStore(useMemo(() => localIdOf(core, name), [core, name]));
}

function localIdOf(core: AnyCore, name: string): ExternalStore<string | null> {
  const { known } = core[internals].reactor.localIds;
  const subscribe = (changed: () => void): (() => void) => {
    // If storage fails there is no id; the component renders null.
    if (!known.has(name)) core.getLocalId(name).then(changed, (error: Error) => core[internals].reactor.report(error));
    return () => {};
  };
  return { subscribe, read: () => known.get(name) ?? null, readOnServer: () => null };
}

export function connectionStatusOf(core: AnyCore): ExternalStore<ConnectionStatus> {
  return { subscribe: eventSubscriber(core, 'status'), read: () => core[internals].reactor.status, readOnServer: () => 'connecting' };
}

export function appStatusOf(core: AnyCore): ExternalStore<AppStatusState> {
  return derivedStore(
    eventSubscriber(core, 'appStatus'),
    () => core[internals].reactor.appStatus,
    (status) => ({ isLoading: !status, isReadOnly: status && status !== 'active', status }) as AppStatusState,
  );
}

export function authOf(core: AnyCore): ExternalStore<AuthState> {
  return derivedStore(
    eventSubscriber(core, 'auth'),
    () => core[internals].reactor.account.user,
    // Every combination matches one member of the union.
    (user) => ({ isLoading: user === undefined, user: user ?? undefined, error: undefined }) as AuthState,
  );
}
