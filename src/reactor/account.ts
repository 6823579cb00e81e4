// The signed-in user of this device and the data stored for them, including what the official client left here. Sign-in itself is an HTTP request elsewhere.

import type { Adopted, Adoption } from './adoption/adoption.ts';
import type { ClientContext } from './context.ts';
import type { User } from '../types/auth.ts';
import { asError, userChangedError } from './client-errors.ts';
import { attrsKey } from './attr-catalog.ts';
import { guestPrefix } from './mutations/mutation.ts';
import { equal } from '../lib/equal.ts';
import { isObject } from '../lib/json.ts';
import { isWireAttr } from '../protocol/attr.ts';
import type { KeyValueOp } from '../storage/key-value.ts';

/** The key of the user's record. Null once a user has signed out: the session of the official client is not taken over then. */
export const userKey = 'user';

/** Reads the stored user; undefined for an invalid record. */
export function readUser(value: unknown): User | undefined {
  if (!isObject(value) || typeof value.id !== 'string' || typeof value.refresh_token !== 'string') return undefined;
  return { ...value, id: value.id, refresh_token: value.refresh_token, isGuest: value.isGuest === true };
}

export class Account {
  readonly #context: ClientContext;
  /** Resolves once nothing more is taken over from the official client at this start. Undefined if nothing can be. Never rejects. */
  readonly adopted: Promise<Adopted | undefined> | undefined;
  readonly #loaded: Promise<void>;
  #changes: Promise<void>;
  /** Changes of this tab that are being stored. */
  #unstored = 0;
  /** The store takes no more: it has the user of before. */
  #isUnstorable = false;
  /** Another tab has stored a user while this one did. */
  #isOverruled = false;
  #isLoaded = false;
  /** The stored writes of a user who has just signed in are being read: a result without them is not shown. */
  isReading = false;
  #error: Error | undefined;

  constructor(context: ClientContext) {
    this.#context = context;
    this.adopted = context.config.adoption && Promise.resolve().then(() => this.#adopt('first'));
    // In a microtask: by then this tab receives messages, and learns of changes that other tabs make while the store is read.
    this.#loaded = Promise.resolve().then(() => this.#load());
    this.#changes = this.#loaded;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Resolves once the stored data is loaded. Never rejects. */
  get loaded(): Promise<void> {
    return this.#loaded;
  }

  /** Null if no user is signed in. Undefined before the store is read. */
  get user(): User | null | undefined {
    return this.#isLoaded ? (this.#context.state.session.user ?? null) : undefined;
  }

  async getUser(): Promise<User | null> {
    await this.#loaded;
    return this.#context.state.session.user ?? null;
  }

  /**
   * Changes the user in all tabs. Pending writes of the previous user stay stored until that user signs in again.
   *
   * @param guest who has become this user, and cannot sign in again: the guest's pending writes are the user's from now on
   */
  setUser(user: User | undefined, guest?: User): Promise<void> {
    return this.#enqueue(async () => {
      this.#context.assertOpen();
      this.#isOverruled = false;
      if (user && guest) await this.#inherit(user, guest);
      this.#store(user);
      await this.#change(user);
    });
  }

  #store(user: User | undefined): void {
    this.#unstored++;
    this.#context.run([{ do: 'store', edits: [{ put: userKey, value: user ?? null }] }]);
  }

  /** Stored before any tab reads what is stored for this user. */
  async #inherit(user: User, { id, isGuest }: User): Promise<void> {
    if (!isGuest) return;
    const edit = { put: guestPrefix(user.id) + id, value: id };
    await this.#context.config.store.write([edit]).catch((cause: unknown) => this.#reportStore(cause));
  }

  onPersisted(edits: readonly KeyValueOp[]): void {
    for (const edit of edits) if ('put' in edit && edit.put === userKey) void this.#onStored(edit.value);
  }

  /**
   * Other tabs are told once a tab that opens would read the same: before, this one may be killed. It may also have been frozen since, while another
   * tab has stored its own change.
   */
  async #onStored(value: unknown): Promise<void> {
    const stored = await this.#context.config.store.get(userKey).catch(() => value);
    this.#unstored--;
    if (!this.#context.isOpen) return;
    const isOther = !equal(stored, value);
    this.#isUnstorable = isOther && !this.#isOverruled;
    if (isOther && this.#isOverruled) return this.applyUser(readUser(stored));
    this.#tell(value);
  }

  /** For a tab that begins to send, or hears of another's user: a tab may have been killed after it stored its change, and before it told of it. */
  recheck(): Promise<void> {
    return this.#enqueue(async () => {
      const { config, state } = this.#context;
      if (this.#unstored > 0 || !this.#context.isOpen) return;
      const stored = this.#isUnstorable ? undefined : await config.store.get(userKey).catch(() => undefined);
      if (!this.#context.isOpen) return;
      if (stored !== undefined && !equal(readUser(stored), state.session.user)) await this.#change(readUser(stored));
      if (this.#context.isLeader) this.#tell(state.session.user);
    });
  }

  /**
   * Applies a change of user that another tab has stored. A change of this tab that is being stored comes after it. The tab that sends repeats it:
   * two tabs without a disk may have heard of each other's change at a time.
   */
  applyUser(user: User | undefined): Promise<void> {
    return this.#enqueue(async () => {
      this.#isOverruled = this.#unstored > 0;
      if (this.#isOverruled || !this.#context.isOpen || equal(user, this.#context.state.session.user)) return;
      await this.#change(user);
      if (this.#context.isLeader) this.#tell(user);
    });
  }

  /** A write was stored in the name of another user. It is this user's if that was a guest who has become this user. Never rejects. */
  inheritWrite(owner: string): Promise<void> {
    return this.#enqueue(async () => {
      const { config, state } = this.#context;
      const isGuest = async (): Promise<boolean> => (await config.store.get(guestPrefix(state.session.owner) + owner)) !== undefined;
      if (this.#context.isOpen && (await isGuest())) await this.#context.writes.load();
    }).catch((cause: unknown) => this.#reportStore(cause));
  }

  #tell(user: unknown): void {
    this.#context.run([{ do: 'tell', message: { type: 'user', user: user ?? null } }]);
  }

  /** Serializes changes of the user, starting after the store is read: concurrent changes would mix the data of two users. */
  #enqueue(change: () => Promise<void>): Promise<void> {
    const changed = this.#changes.then(change);
    this.#changes = changed.catch(() => {});
    return changed;
  }

  async #change(user: User | undefined): Promise<void> {
    const { session, outbox, rejections, queries, features } = this.#context.state;
    const isOther = session.owner !== (user?.id ?? '');
    if (isOther) this.#context.persistResult();
    session.user = user;
    this.#error = undefined;
    const liveQueries = [...queries.list()];
    if (isOther) {
      outbox.detach();
      this.#context.pendingCalls.detach(userChangedError());
      rejections.clear();
      queries.reset();
      this.#context.run([{ do: 'forget' }, ...features.collect((feature) => feature.onUserChange?.())]);
      this.#context.run([...liveQueries.map(({ key }) => ({ do: 'show', key }) as const), { do: 'announce', what: 'outbox' }]);
    }
    // The connection changes before the writes: none may be sent in the previous user's session.
    this.#context.run([{ do: 'restart' }]);
    if (isOther) {
      this.isReading = true;
      // Without what is stored, the client goes on: who is signed in must be known all the same.
      await this.#context.writes.load().catch((cause: unknown) => this.#reportStore(cause));
      this.isReading = false;
      if (!this.#context.isOpen) return;
      for (const { key } of queries.list()) this.#context.run([{ do: 'show', key }]);
      for (const { key } of liveQueries) this.#context.hydrate(key);
    }
    this.#emitAuth(user);
  }

  /** The reason why an OAuth redirect did not sign the user in. */
  get error(): Error | undefined {
    return this.#error;
  }

  async #completeOAuth(stored: User | undefined): Promise<void> {
    const { config, state } = this.#context;
    if (!config.completeOAuthRedirect) return;
    try {
      const { completeOAuthRedirect } = config;
      const user = await this.#context.call((signal) => completeOAuthRedirect(stored, signal), undefined);
      if (stored) await this.#inherit(user, stored);
      state.session.user = user;
      this.#store(user);
    } catch (error) {
      this.#error = asError(error);
    }
  }

  /** Loads the stored attrs, without which stored results cannot be read. */
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

  async #adopt(when: keyof Adoption): Promise<Adopted | undefined> {
    const { config, events } = this.#context;
    try {
      const adopted = await config.adoption?.[when]();
      if (!adopted || !this.#context.isOpen) return undefined;
      events.emit('fact', 'adopted', adopted);
      // A tab that is open already may be the one that sends.
      this.#context.run(adopted.records.map((record) => ({ do: 'tell', message: { type: 'write', record } })));
      return adopted;
    } catch (cause) {
      this.#context.run([{ do: 'report', error: asError(cause, 'storage-failed') }]);
      return undefined;
    }
  }

  /** Writes that another tab stored with the official client after the first start. */
  async #adoptLater(): Promise<void> {
    const adopted = await this.#adopt('later');
    if (adopted) await this.#enqueue(() => this.#context.writes.load()).catch((cause: unknown) => this.#reportStore(cause));
  }

  /** After a shutdown, nothing: the store is closed then. */
  #reportStore(cause: unknown): void {
    this.#context.run([{ do: 'report', error: asError(cause, 'storage-failed') }]);
  }

  async #load(): Promise<void> {
    const { config, state } = this.#context;
    const adopted = this.adopted && (await this.adopted);
    try {
      const stored = readUser(await config.store.get(userKey));
      state.session.user = stored;
      await this.#completeOAuth(stored);
      await this.#hydrateAttrs();
      await this.#context.writes.load();
    } catch (cause) {
      this.#reportStore(cause);
    }
    this.#isLoaded = true;
    this.#context.writes.assignOwner();
    this.#emitAuth(state.session.user);
    if (config.adoption && !adopted) void this.#adoptLater();
  }
}
