// Subscriptions to the state of a database: events, the signed-in user, the connection status, the app status.

import { assertCallback } from '../reactor/client-errors.ts';
import { guarded } from '../reactor/notify.ts';
import type { ReactorEvents } from '../reactor/config.ts';
import { observe } from '../reactor/debug/observe.ts';
import type { Reactor } from '../reactor/reactor.ts';
import { internals } from '../lib/internals.ts';
import type { Abortable } from '../lib/abort.ts';
import type { AuthResult, User } from '../types/auth.ts';
import type { AppStatusState, ConnectionDetails, ConnectionStatus } from '../types/database.ts';
import type { DatabaseEvent, DatabaseEventOf, DatabaseEventType } from '../types/events.ts';
import type { DatabaseInternals } from './internals.ts';

export abstract class DatabaseState {
  /** For the other entries of this package. */
  readonly [internals]: DatabaseInternals;
  readonly #reactor: Reactor;

  constructor(shared: DatabaseInternals) {
    this[internals] = shared;
    this.#reactor = shared.reactor;
  }

  /**
   * Subscribes to events of one type, or of all with `*`, for tools and telemetry. Events contain no tokens, but may contain user data.
   * docs/observability.md lists them.
   *
   * @returns an unsubscribe function
   * @example
   * db.on('outbox', ({ state, waiting, tookMs }) => metrics.record(state, waiting, tookMs));
   */
  on<Type extends DatabaseEventType>(type: Type, listener: (event: DatabaseEventOf<Type>) => void): () => void {
    assertCallback('on', listener);
    return observe(this.#reactor, type, listener as (event: DatabaseEvent) => void);
  }

  /** Calls back with the signed-in user, now and after every change. Returns an unsubscribe function. */
  subscribeAuth(cb: (auth: AuthResult) => void): () => void {
    const { account } = this.#reactor;
    this.#reactor.assertOpen();
    assertCallback('subscribeAuth', cb);
    const notify = (user: User | null): void => {
      if (user || !account.error) cb({ user: user ?? undefined, error: undefined });
      else cb({ user: undefined, error: { message: account.error.message } });
    };
    if (account.user !== undefined) notify(account.user);
    return this.#listen('auth', notify);
  }

  /** Alias of `subscribeAuth`. */
  onAuth(cb: (auth: AuthResult) => void): () => void {
    return this.subscribeAuth(cb);
  }

  /** Resolves with the signed-in user, null for none. */
  getAuth(opts?: Abortable): Promise<User | null> {
    return this.#reactor.call(() => this.#reactor.account.getUser(), opts?.signal);
  }

  /**
   * Calls back after every change of the connection status. The second argument says whether every write of the session is applied exactly
   * once.
   *
   * @returns an unsubscribe function
   * @example
   * db.subscribeConnectionStatus((status) => banner.toggle(status !== 'authenticated'));
   */
  subscribeConnectionStatus(cb: (status: ConnectionStatus, details: ConnectionDetails) => void): () => void {
    assertCallback('subscribeConnectionStatus', cb);
    return this.#listen('status', cb);
  }

  /** Calls back with whether the app is read-only, now and after every change. Returns an unsubscribe function. */
  subscribeAppStatus(cb: (state: AppStatusState) => void): () => void {
    assertCallback('subscribeAppStatus', cb);
    let told: AppStatusState['status'] | null = null;
    const notify = (): void => {
      const { appStatus } = this.#reactor;
      // A new session says it again.
      if (appStatus === told) return;
      told = appStatus;
      if (appStatus === undefined) cb({ isLoading: true, isReadOnly: undefined });
      else cb({ isLoading: false, isReadOnly: appStatus !== 'active', status: appStatus });
    };
    this.#reactor.assertOpen();
    notify();
    return this.#listen('appStatus', notify);
  }

  #listen<Name extends 'auth' | 'status' | 'appStatus'>(event: Name, callback: (...args: ReactorEvents[Name]) => void): () => void {
    const { events } = this.#reactor;
    this.#reactor.assertOpen();
    const listener = (...args: unknown[]): void =>
      guarded(
        () => callback(...(args as ReactorEvents[Name])),
        (error) => this.#reactor.report(error),
      );
    events.on(event, listener);
    return () => void events.off(event, listener);
  }
}
