// How the line to the server is, and whether the app is open for writing: `db.useConnectionStatus`, `db.useAppStatus`.

import type { AppStatusState, ConnectionStatus } from 'triplane';

import type { AnyCore } from './core.ts';
import { derived, newsOf, type Source } from './source.ts';

export function connectionStatusOf(core: AnyCore): Source<ConnectionStatus> {
  return { subscribe: newsOf(core, 'status'), read: () => core._reactor.status, readOnServer: () => 'connecting' };
}

export function appStatusOf(core: AnyCore): Source<AppStatusState> {
  return derived(
    newsOf(core, 'appStatus'),
    () => core._reactor.appStatus,
    (status) => ({ isLoading: !status, isReadOnly: status && status !== 'active' }) as AppStatusState,
  );
}
