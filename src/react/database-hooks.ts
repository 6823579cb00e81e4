// The writes that are not certain yet, and those that were refused: `db.useOutbox`.

// An id that stays the same on this device: `db.useLocalId`. It is read from the device once; components that come later have it at once.

// How the line to the server is, and whether the app is open for writing: `db.useConnectionStatus`, `db.useAppStatus`.

// Who is signed in: `db.useAuth`, and what is drawn for those who are, or are not.

import type { AppStatusState, ConnectionStatus, AuthState } from 'triplane';
import { useMemo } from 'react';

import type { AnyCore } from './types.ts';
import { derivedStore, type ExternalStore, eventSubscriber } from './external-store.ts';
import { useExternalStore } from './use-external-store.ts';

type Outbox = AnyCore['outbox'];
export type OutboxEntry = ReturnType<Outbox['list']>[number];

export interface OutboxView extends Pick<Outbox, 'retry' | 'discard' | 'export'> {
  /** They show already, and the server does not have them yet; in order. */
  readonly pending: readonly OutboxEntry[];
  /** The server said no: each has its `error`. */
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
      pending: entries.filter(({ state }) => state !== 'refused' && state !== 'applied'),
      rejected: entries.filter(({ state }) => state === 'refused'),
    }),
  );
}

export function useLocalId(core: AnyCore, name: string): string | null {
  return useExternalStore(useMemo(() => localIdOf(core, name), [core, name]));
}

function localIdOf(core: AnyCore, name: string): ExternalStore<string | null> {
  const { known } = core._reactor.localIds;
  const subscribe = (changed: () => void): (() => void) => {
    // Without a device to ask there is no id, and that is what is drawn.
    if (!known.has(name)) core.getLocalId(name).then(changed, (error: Error) => core._reactor.report(error));
    return () => {};
  };
  return { subscribe, read: () => known.get(name) ?? null, readOnServer: () => null };
}

export function connectionStatusOf(core: AnyCore): ExternalStore<ConnectionStatus> {
  return { subscribe: eventSubscriber(core, 'status'), read: () => core._reactor.status, readOnServer: () => 'connecting' };
}

export function appStatusOf(core: AnyCore): ExternalStore<AppStatusState> {
  return derivedStore(
    eventSubscriber(core, 'appStatus'),
    () => core._reactor.appStatus,
    (status) => ({ isLoading: !status, isReadOnly: status && status !== 'active' }) as AppStatusState,
  );
}

export function authOf(core: AnyCore): ExternalStore<AuthState> {
  return derivedStore(
    eventSubscriber(core, 'auth'),
    () => core._reactor.account.user,
    // The type tells the cases apart, each of which is one of these.
    (user) => ({ isLoading: user === undefined, user: user ?? undefined, error: undefined }) as AuthState,
  );
}
