// Who was signed in when the program last ran, as it is kept.

// Who is signed in on this device, and what is kept for them. The calls that sign people in are not here: they are HTTP.

import type { ClientContext } from './context.ts';
import type { User } from '../types/auth.ts';
import { asError, userChangedError } from './client-errors.ts';
import { attrsKey } from './attr-catalog.ts';
import { equal } from '../lib/equal.ts';
import { isObject } from '../lib/json.ts';
import { isWireAttr } from '../protocol/attr.ts';

/** Where the user is kept. */
export const userKey = 'user';

/** What was kept; undefined for what makes no sense. */
export function readUser(value: unknown): User | undefined {
  if (!isObject(value) || typeof value.id !== 'string' || typeof value.refresh_token !== 'string') return undefined;
  return { ...value, id: value.id, refresh_token: value.refresh_token, isGuest: value.isGuest === true };
}

export class Account {
  readonly #context: ClientContext;
  readonly #loaded: Promise<void>;
  #isLoaded = false;
  #error: Error | undefined;

  constructor(context: ClientContext) {
    this.#context = context;
    // In a microtask: by then the other tabs are listened to, and what they change while the store is read is received.
    this.#loaded = Promise.resolve().then(() => this.#load());
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** When what was kept is here. Never rejects. */
  get loaded(): Promise<void> {
    return this.#loaded;
  }

  /** Null for nobody. Undefined before the store has been read. */
  get user(): User | null | undefined {
    return this.#isLoaded ? (this.#context.state.session.user ?? null) : undefined;
  }

  async getUser(): Promise<User | null> {
    await this.#loaded;
    return this.#context.state.session.user ?? null;
  }

  /** Somebody else from here on, in all tabs. The writes of the one before stay on disk until they come back. */
  async setUser(user: User | undefined): Promise<void> {
    await this.#loaded;
    this.#context.assertOpen();
    this.#context.run([
      { do: 'store', edits: [user ? { put: userKey, value: user } : { remove: userKey }] },
      { do: 'tell', message: { type: 'user', user: user ?? null } },
    ]);
    await this.#change(user);
  }

  /** Another tab has signed somebody in, or out. The same one again changes nothing. */
  async applyUser(user: User | undefined): Promise<void> {
    if (equal(user, this.#context.state.session.user)) return;
    await this.#change(user);
  }

  async #change(user: User | undefined): Promise<void> {
    const { session, outbox, rejections, queries, features } = this.#context.state;
    const isOther = session.owner !== (user?.id ?? '');
    session.user = user;
    this.#error = undefined;
    const liveQueries = [...queries.list()];
    if (isOther) {
      outbox.detach();
      this.#context.pendingCalls.detach(userChangedError());
      rejections.clear();
      queries.reset();
      this.#context.run([{ do: 'forget' }, ...features.collect((feature) => feature.onUserChange?.())]);
      this.#context.run(liveQueries.map(({ key }) => ({ do: 'show', key })));
    }
    // First another line, then the writes: none may go out on the line of the user before.
    this.#context.run([{ do: 'restart' }]);
    if (isOther) {
      await this.#context.writes.load();
      for (const { key } of liveQueries) this.#context.hydrate(key);
    }
    this.#emitAuth(user);
  }

  /** Why somebody who came back from signing in elsewhere is not signed in. */
  get error(): Error | undefined {
    return this.#error;
  }

  async #completeOAuth(stored: User | undefined): Promise<void> {
    const { config, state } = this.#context;
    if (!config.completeOAuthRedirect) return;
    try {
      const { completeOAuthRedirect } = config;
      const user = await this.#context.call((signal) => completeOAuthRedirect(stored, signal), undefined);
      state.session.user = user;
      await config.store.write([{ put: userKey, value: user }]);
      this.#context.run([{ do: 'tell', message: { type: 'user', user } }]);
    } catch (error) {
      this.#error = asError(error);
    }
  }

  /** The attrs as they were when the server last told them: without them, what is kept means nothing. */
  async #hydrateAttrs(): Promise<void> {
    const { config, state } = this.#context;
    const stored = await config.store.get(attrsKey);
    if (state.catalog.hasServerAttrs || !Array.isArray(stored)) return;
    state.catalog.hydrate(stored.filter(isWireAttr));
    this.#context.run(state.queries.setAttrs(state.catalog.known));
  }

  #emitAuth(user: User | undefined): void {
    const { events } = this.#context;
    events.emit('auth', user ?? null);
    events.emit('fact', 'auth', user);
  }

  async #load(): Promise<void> {
    const { config, state } = this.#context;
    try {
      const stored = readUser(await config.store.get(userKey));
      state.session.user = stored;
      await this.#completeOAuth(stored);
      await this.#hydrateAttrs();
      await this.#context.writes.load();
    } catch (cause) {
      // Not after it was shut down, when the store is closed.
      this.#context.run([{ do: 'report', error: asError(cause, 'storage-failed') }]);
    }
    this.#isLoaded = true;
    this.#context.writes.assignOwner();
    this.#emitAuth(state.session.user);
  }
}
