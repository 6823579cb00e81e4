// Rooms whose presence and topics have the types of a schema, as those of `db.room` have. Types only: a backend that knows no schema checks nothing.

import type { PresenceOf, RoomHandle, RoomsOf, TopicsOf } from '../types/rooms.ts';
import type { HookRoom } from './hook-room.ts';
import type { Peer, PresenceEvent, PresenceSnapshot, Room, RoomMessage } from './room.ts';

/** What `i.schema(…)` returns, as far as rooms need it. */
export interface SchemaWithRooms {
  readonly rooms: object;
}

export type RoomKind<Schema> = string & keyof RoomsOf<Schema>;

type Data<Schema, Kind extends RoomKind<Schema>> = Partial<PresenceOf<Schema, Kind>>;
type PeerOf<Schema, Kind extends RoomKind<Schema>> = Omit<Peer, 'data'> & { readonly data?: Data<Schema, Kind> };

interface SnapshotOf<Schema, Kind extends RoomKind<Schema>> extends Omit<PresenceSnapshot, 'self' | 'peers'> {
  readonly self: PeerOf<Schema, Kind> | null;
  readonly peers: readonly PeerOf<Schema, Kind>[];
}

type PresenceEventOf<Schema, Kind extends RoomKind<Schema>> =
  | { readonly type: 'sync'; readonly snapshot: SnapshotOf<Schema, Kind> }
  | {
      readonly type: Exclude<PresenceEvent['type'], 'sync'>;
      readonly peer: PeerOf<Schema, Kind>;
      readonly snapshot: SnapshotOf<Schema, Kind>;
    };

/** A room of one kind of the schema. The room hooks of `triplane/react` infer the same types from it. */
export interface TypedRoom<Schema, Kind extends RoomKind<Schema>>
  extends Omit<Room, 'join' | 'publish' | 'onTopic' | 'getPresence' | 'onPresence' | 'setPresence'>, Omit<HookRoom, '_rooms' | 'type'> {
  readonly type: Kind;
  /** For the compiler only. */
  readonly _rooms?: Pick<RoomsOf<Schema>, Kind>;
  join(): Promise<SnapshotOf<Schema, Kind>>;
  publish<Topic extends string & keyof TopicsOf<Schema, Kind>>(topic: Topic, data: TopicsOf<Schema, Kind>[Topic]): Promise<void>;
  onTopic<Topic extends string & keyof TopicsOf<Schema, Kind>>(
    topic: Topic,
    listener: (data: TopicsOf<Schema, Kind>[Topic], message: RoomMessage<TopicsOf<Schema, Kind>[Topic]>) => void,
  ): () => void;
  getPresence(): SnapshotOf<Schema, Kind>;
  onPresence(listener: (event: PresenceEventOf<Schema, Kind>) => void): () => void;
  setPresence(data: Data<Schema, Kind>): Promise<void>;
}

/** A client whose rooms have the types of the schema. `channel()` is for names that are not in it. */
export type WithRooms<Client, Schema, Options> = Omit<Client, 'room' | 'joinRoom'> & {
  room<Kind extends RoomKind<Schema>>(kind: Kind, id?: string, options?: Options): TypedRoom<Schema, Kind>;
  joinRoom<Kind extends RoomKind<Schema>>(
    kind: Kind,
    id?: string,
    options?: Options & { readonly initialPresence?: Data<Schema, Kind> },
  ): RoomHandle<PresenceOf<Schema, Kind>, TopicsOf<Schema, Kind>>;
};
