// Who is signed in on this device, and what is kept for them. The calls that sign people in are not here: they are HTTP.

import { equal } from '../lib/equal.ts';
import { isWireAttr } from '../protocol/attr.ts';
import type { User } from '../types/auth.ts';
import { attrsKey } from './attrs-key.ts';
import type { Back } from './desk.ts';
import { readUser, userKey } from './kept-user.ts';
import { asError, userChangedError } from './trouble.ts';
import type { WriteDesk } from './write-desk.ts';

export class Account {
  readonly #back: Back;
  readonly #writes: WriteDesk;
  readonly #loaded: Promise<void>;
  #isLoaded = false;
  #error: Error | undefined;

  constructor(back: Back, writes: WriteDesk) {
    this.#back = back;
    this.#writes = writes;
    this.#loaded = this.#load();
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
    return this.#isLoaded ? (this.#back.organs.session.user ?? null) : undefined;
  }

  async getUser(): Promise<User | null> {
    await this.#loaded;
    return this.#back.organs.session.user ?? null;
  }

  /** Somebody else from here on, in all tabs. The writes of the one before stay on disk until they come back. */
  async setUser(user: User | undefined): Promise<void> {
    await this.#loaded;
    this.#back.assertOpen();
    this.#back.run([
      { do: 'store', edits: [user ? { put: userKey, value: user } : { remove: userKey }] },
      { do: 'tell', news: { type: 'user', user: user ?? null } },
    ]);
    await this.#change(user);
  }

  /** Another tab has signed somebody in, or out. The same one again changes nothing. */
  async takeUser(user: User | undefined): Promise<void> {
    if (equal(user, this.#back.organs.session.user)) return;
    await this.#change(user);
  }

  async #change(user: User | undefined): Promise<void> {
    const { session, outbox, refusals, queries, extras } = this.#back.organs;
    const isOther = session.owner !== (user?.id ?? '');
    session.user = user;
    this.#error = undefined;
    const lives = [...(queries?.list() ?? [])];
    if (isOther) {
      outbox.setAside();
      this.#back.replies.setAside(userChangedError());
      refusals.clear();
      queries?.reset();
      this.#back.run([{ do: 'forget' }, ...extras.tell((extra) => extra.userChanged?.())]);
      this.#back.run(lives.map(({ key }) => ({ do: 'show', key })));
    }
    // First another line, then the writes: none may go out on the line of the user before.
    this.#back.run([{ do: 'restart' }]);
    if (isOther) {
      await this.#writes.load();
      for (const { key } of lives) this.#back.recall(key);
    }
    this.#tell(user);
  }

  /** Why somebody who came back from signing in elsewhere is not signed in. */
  get error(): Error | undefined {
    return this.#error;
  }

  async #takeReturning(kept: User | undefined): Promise<void> {
    const { config, organs } = this.#back;
    if (!config.returning) return;
    try {
      const { returning } = config;
      const user = await this.#back.call((signal) => returning(kept, signal), undefined);
      organs.session.user = user;
      await config.store.write([{ put: userKey, value: user }]);
      this.#back.run([{ do: 'tell', news: { type: 'user', user } }]);
    } catch (error) {
      this.#error = asError(error);
    }
  }

  /** The attrs as they were when the server last told them: without them, what is kept means nothing. */
  async #recallAttrs(): Promise<void> {
    const { config, organs } = this.#back;
    const kept = await config.store.get(attrsKey);
    if (organs.catalogue.hasBeenTold || !Array.isArray(kept)) return;
    organs.catalogue.recall(kept.filter(isWireAttr));
    this.#back.run(organs.queries?.setAttrs(organs.catalogue.known) ?? []);
  }

  #tell(user: User | undefined): void {
    const { events } = this.#back;
    events.emit('auth', user ?? null);
    events.emit('fact', 'auth', user);
  }

  async #load(): Promise<void> {
    const { config, organs } = this.#back;
    try {
      const kept = readUser(await config.store.get(userKey));
      organs.session.user = kept;
      await this.#takeReturning(kept);
      await this.#recallAttrs();
      await this.#writes.load();
    } catch (cause) {
      // Not after it was shut down, when the store is closed.
      this.#back.run([{ do: 'report', error: asError(cause, 'storage-failed') }]);
    }
    this.#isLoaded = true;
    this.#writes.adopt();
    this.#tell(organs.session.user);
  }
}
