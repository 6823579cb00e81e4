// The union of all messages a server can send. Each message type is declared in the file of its family. PROTOCOL.md

import type { AddQueryExists, AddQueryOk, RefreshOk, RemoveQueryOk } from './query-messages.ts';
import type {
  ClientBroadcastOk,
  JoinRoomError,
  JoinRoomOk,
  LeaveRoomOk,
  PatchPresence,
  RefreshPresence,
  ServerBroadcast,
  SetPresenceOk,
} from './room-messages.ts';
import type { ErrorMessage } from './server-error.ts';
import type { AppStatusChanged, InitOk, SseInit } from './session-messages.ts';
import type { AppendFailed, StartStreamOk, StreamAppend, StreamFlushed } from './stream-messages.ts';
import type { StartSyncOk, SyncInitFinish, SyncLoadBatch, SyncUpdateTriples } from './sync-table-messages.ts';
import type { TransactOk } from './transact-messages.ts';

export type ServerMessage =
  | SseInit
  | InitOk
  | AppStatusChanged
  | ErrorMessage
  | AddQueryOk
  | AddQueryExists
  | RemoveQueryOk
  | RefreshOk
  | TransactOk
  | JoinRoomOk
  | JoinRoomError
  | LeaveRoomOk
  | SetPresenceOk
  | RefreshPresence
  | PatchPresence
  | ClientBroadcastOk
  | ServerBroadcast
  | StartSyncOk
  | SyncLoadBatch
  | SyncInitFinish
  | SyncUpdateTriples
  | StartStreamOk
  | StreamFlushed
  | AppendFailed
  | StreamAppend;

export type ServerOp = ServerMessage['op'];

export type { AddQueryExists, AddQueryOk, ResultDelta, Computation, Processed, RefreshOk, RemoveQueryOk } from './query-messages.ts';
export type {
  Broadcast,
  ClientBroadcastOk,
  JoinRoomError,
  JoinRoomOk,
  LeaveRoomOk,
  PatchPresence,
  Peer,
  RefreshPresence,
  ServerBroadcast,
  SetPresenceOk,
} from './room-messages.ts';
export type { ErrorMessage } from './server-error.ts';
export type { AppStatus, AppStatusChanged, InitOk, ServerCapabilities, SseInit, WireAuth, WireUser } from './session-messages.ts';
export type { AppendFailed, StartStreamOk, StreamAppend, StreamFile, StreamFlushed } from './stream-messages.ts';
export type { StartSyncOk, SyncChange, SyncInitFinish, SyncLoadBatch, SyncTx, SyncUpdateTriples } from './sync-table-messages.ts';
export type { TransactOk } from './transact-messages.ts';
