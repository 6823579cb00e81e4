// The union of all messages a client can send. Each message type is declared in the file of its family. PROTOCOL.md

import type { AddQuery, RemoveQuery } from './query-messages.ts';
import type { ClientBroadcast, JoinRoom, LeaveRoom, SetPresence } from './room-messages.ts';
import type { Init } from './session-messages.ts';
import type { AppendStream, StartStream, SubscribeStream, UnsubscribeStream } from './stream-messages.ts';
import type { RemoveSync, ResyncTable, StartSync } from './sync-table-messages.ts';
import type { Transact } from './transact-messages.ts';

export type ClientMessage =
  | Init
  | AddQuery
  | RemoveQuery
  | Transact
  | JoinRoom
  | LeaveRoom
  | SetPresence
  | ClientBroadcast
  | StartSync
  | ResyncTable
  | RemoveSync
  | StartStream
  | AppendStream
  | SubscribeStream
  | UnsubscribeStream;

export type ClientOp = ClientMessage['op'];

export type { AddQuery, RemoveQuery, WireQuery } from './query-messages.ts';
export type { ClientBroadcast, JoinRoom, LeaveRoom, SetPresence } from './room-messages.ts';
export type { Init } from './session-messages.ts';
export type { AppendStream, StartStream, SubscribeStream, UnsubscribeStream } from './stream-messages.ts';
export type { RemoveSync, ResyncTable, StartSync } from './sync-table-messages.ts';
export type { Transact } from './transact-messages.ts';
