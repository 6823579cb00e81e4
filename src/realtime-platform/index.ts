// Entry `triplane/realtime-platform`: the Realtime Platform behind the Room contract, and its API. Experimental. No logic.

export type { RawInit } from './api.ts';
export { createRealtimePlatformClient } from './client.ts';
export type { PlatformClient, PlatformRoom } from './client.ts';
export { MetricsFormatError, parseMetrics } from './metrics.ts';
export type { MetricFamily, MetricSample } from './metrics.ts';
export type { PlatformOptions } from './options.ts';
export { PlatformApiError, PlatformRealtimeError, RevisionConflictError } from './platform-error.ts';
export { getTokenExpiresIn, isTokenExpired, RealtimeClient, shouldRefreshToken } from './realtime-client.ts';
export type { ConnectionState, RealtimeClientOptions } from './realtime-client.ts';
export type { PlatformRest } from './sections.ts';
export type { Subscription } from './subscriptions.ts';
export type { CreateDocOptions, MergeOptions } from './sync.ts';
export { decodeToken, tokenExpiresInMs } from './token.ts';
export type { TokenClaims } from './token.ts';
export type { SubscribeRequest } from './transport.ts';
export type * from './types.ts';
export { verifyPlatformWebhook, WebhookReceiver, WebhookVerificationError } from './webhook.ts';
export type { WebhookOptions, WebhookScheme } from './webhook.ts';
export type { ChannelMessage, ChannelNames, Wire, WireOptions } from './wire.ts';
export type { ApiFailureCode } from '../rest/json-api.ts';
export { databaseRoom } from '../rooms/database-room.ts';
export type { RoomDatabase } from '../rooms/database-room.ts';
export type * from '../rooms/room.ts';
export { InvalidArgumentError, RoomError } from '../rooms/room-error.ts';
export type { RoomErrorCode } from '../rooms/room-error.ts';
export type { SocketIoFactory, SocketIoSocket } from '../rooms/socket-io.ts';
export type { SchemaWithRooms, TypedRoom, WithRooms } from '../rooms/typed-room.ts';
