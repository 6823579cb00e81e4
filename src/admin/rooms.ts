// Who is in a room: `db.rooms`. Rooms are joined by clients; a server can only look.

import { isObject } from '../lib/json.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { User } from '../types/auth.ts';
import type { PresenceOf, RoomsOf } from '../types/rooms.ts';
import type { CallOpts } from './api.ts';
import type { Context } from './context.ts';

/** By session: the presence it published, and its user. */
export type PresenceResult<Data> = {
  [peerId: string]: { data: Data; 'peer-id': string; user: User | null };
};

export class Rooms<Schema extends AnySchemaDef> {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * The presence of everyone in a room; empty for a room that no session has joined.
   *
   * @throws InstantAPIError
   * @example
   * const sessions = await db.rooms.getPresence('chat', 'room-123');
   */
  async getPresence<RoomType extends string & keyof RoomsOf<Schema>>(
    roomType: RoomType,
    roomId: string,
    opts?: CallOpts,
  ): Promise<PresenceResult<PresenceOf<Schema, RoomType>>> {
    const query = { 'room-type': String(roomType), 'room-id': String(roomId) };
    const result = await this.#context.callAsAdmin({ method: 'GET', path: '/admin/rooms/presence', query, isIdempotent: true, opts });
    const sessions = isObject(result) ? result['sessions'] : undefined;
    return (isObject(sessions) ? sessions : {}) as PresenceResult<PresenceOf<Schema, RoomType>>;
  }
}
