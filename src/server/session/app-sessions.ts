// The sessions in an app: what is sent to them, and when they end.

import type { ServerMessage } from '../../protocol/server-message.ts';
import { hasToken } from '../auth/tokens.ts';
import { userRow } from '../auth/users.ts';
import type { Ledger } from '../data/ledger.ts';
import type { Frame } from '../parted-output.ts';
import type { SessionAuth } from './app-config.ts';
import { encodeMessage } from './encode.ts';
import type { Outgoing, Subscriber } from './subscriber.ts';

export type Send = (frame: Frame) => void;

export class AppSessions {
  readonly #sends = new Map<Subscriber, Send>();
  readonly #auths = new Map<Subscriber, SessionAuth>();

  get size(): number {
    return this.#sends.size;
  }

  all(): Iterable<Subscriber> {
    return this.#sends.keys();
  }

  has(subscriber: Subscriber): boolean {
    return this.#sends.has(subscriber);
  }

  add(subscriber: Subscriber, send: Send, auth: SessionAuth | undefined): void {
    this.#sends.set(subscriber, send);
    if (auth) this.#auths.set(subscriber, auth);
  }

  remove(subscriber: Subscriber): void {
    this.#sends.delete(subscriber);
    this.#auths.delete(subscriber);
  }

  /** A message for many sessions is serialised once. */
  deliver(outgoing: readonly Outgoing[]): void {
    const frames = new Map<ServerMessage, Frame>();
    for (const { to, message } of outgoing) {
      const send = this.#sends.get(to);
      if (!send) continue;
      let frame = frames.get(message);
      if (frame === undefined) frames.set(message, (frame = encodeMessage(message)));
      send(frame);
    }
  }

  broadcast(message: ServerMessage): void {
    this.deliver([...this.all()].map((to) => ({ to, message })));
  }

  /** Asks these sessions to reconnect; the client chooses where. */
  restart(subscribers: Iterable<Subscriber>): void {
    for (const subscriber of [...subscribers]) this.#auths.get(subscriber)?.restart();
  }

  /** Ends sessions whose token was revoked or now belongs to another user, or whose user was deleted. */
  revoke(endedHashes: ReadonlySet<string>, { db, records }: Pick<Ledger, 'db' | 'records'>): void {
    for (const { tokenHash, userId, revoke } of [...this.#auths.values()]) {
      if (tokenHash === undefined) continue;
      const isValid = !endedHashes.has(tokenHash) && hasToken(records, tokenHash, userId);
      if (!isValid || (userId !== undefined && !userRow(db, userId))) revoke();
    }
  }
}
