// Entry `triplane/insforge`: InsForge Realtime behind the Room contract, and its management API. No logic.

export { createInsforgeAdmin } from './admin.ts';
export type { InsforgeAdmin, InsforgeAdminOptions } from './admin.ts';
export type {
  Channel,
  CreateChannel,
  Message,
  MessageQuery,
  Permissions,
  Policy,
  RealtimeConfig,
  Stats,
  StatsQuery,
} from './admin-types.ts';
export type { ChannelOptions } from './channel.ts';
export { createInsforgeClient } from './client.ts';
export type { InsforgeClient, InsforgeOptions, InsforgeRoom, PresenceMember } from './client.ts';
export { InsforgeApiError, InsforgeRealtimeError } from './insforge-error.ts';
export { isValidChannelPattern, matchChannelPattern } from './patterns.ts';
export { parseInsforgeWebhook } from './webhook.ts';
export type { InsforgeWebhook } from './webhook.ts';
export type { ApiFailureCode } from '../rest/json-api.ts';
export { databaseRoom } from '../rooms/database-room.ts';
export type { RoomDatabase } from '../rooms/database-room.ts';
export type * from '../rooms/room.ts';
export { InvalidArgumentError, RoomError } from '../rooms/room-error.ts';
export type { RoomErrorCode } from '../rooms/room-error.ts';
export type { SocketIoFactory, SocketIoSocket } from '../rooms/socket-io.ts';
export type { SchemaWithRooms, TypedRoom, WithRooms } from '../rooms/typed-room.ts';
