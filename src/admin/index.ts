// Entry `triplane/admin`: what is public, by name. No logic. The names of InstantDB's admin SDK are all here; test/support/official-names.ts
// is the list.

export { init, init as init_experimental, InstantAdminDatabase } from './database.ts';
export type { AdminQueryOpts } from './database.ts';
export type { CallOpts } from './api.ts';
export type { UserSelector } from './auth.ts';
export type { ImpersonationOpts } from './caller.ts';
export type { Config, InitConfig, InstantConfig } from './config.ts';
export type { DebugCheckResult, DebugOpts, DebugTransactCheck, DebugTransactResult } from './debug-types.ts';
export type { PresenceResult } from './rooms.ts';
export type { DeleteManyFileResponse, StorageFile, UploadOpts } from './storage.ts';
export type { StreamReading, StreamSignal, StreamWriting } from './streams.ts';
export type {
  SubscribeQueryCallback,
  SubscribeQueryPayload,
  SubscribeQueryResponse,
  SubscribeQuerySessionInfo,
  SubscriptionReadyState,
} from './subscription-types.ts';
export type { UploadProgress } from './upload.ts';
export type { FileHandleLike, UploadSource } from './upload-source.ts';
export { WebhooksManager } from './webhooks/manager.ts';
export type { NodeRequest, NodeResponse } from './webhooks/node-request.ts';
export type * from './webhooks/types.ts';
export { Webhooks } from './webhooks/webhooks.ts';
export type { ValidateOpts, WebhooksConfig } from './webhooks/webhooks.ts';

export {
  InstantAPIError,
  isTriplaneError,
  QueryValidationError,
  TransactionValidationError,
  TriplaneError,
  TriplaneError as InstantError,
} from '../errors.ts';
export type { ErrorCode, RejectionBody } from '../errors.ts';
export { createInstantRouteHandler } from '../http/route-handler.ts';
export { id } from '../lib/uuid.ts';
export { i } from '../schema/schema.ts';
export { lookup, tx } from '../transact/chunk.ts';

export { setInstantWarningsEnabled } from './warnings.ts';

export type {
  AttrsDefs,
  BackwardsCompatibleSchema,
  CardinalityKind,
  DataAttrDef,
  EntitiesDef,
  EntitiesWithLinks,
  EntityDef,
  InstantGraph,
  InstantSchemaDef,
  InstantUnknownSchema,
  InstantUnknownSchemaDef,
  LinkAttrDef,
  LinkDef,
  LinksDef,
  ResolveAttrs,
  RoomsDef,
  ValueTypes,
} from '../schema/schema.ts';
export type { AuthToken, User } from '../types/auth.ts';
export type { Logger } from '../types/config.ts';
export type { IInstantDatabase } from '../types/database.ts';
export type { InstantEntity, InstantQuery, InstantQueryResult, InstantSchema, InstantSchemaDatabase } from '../types/deprecated.ts';
export type { DeleteFileResponse, FileOpts, UploadFileResponse } from '../types/files.ts';
export type { InstantRouteHandlerBody, InstantRouteHandlerPayloadByType, InstantRouteHandlerType } from '../types/auth.ts';
export type { InstantIssue } from '../types/issue.ts';
export type { InstaQLEntitySubquery, InstaQLFields, InstaQLParams, Query, RuleParams } from '../types/query.ts';
export type { InstaQLEntity, InstaQLResponse, InstaQLResult, InstantObject, PageInfoResponse, QueryResponse } from '../types/result.ts';
export type { PresenceOf, RoomHandle, RoomsOf } from '../types/rooms.ts';
export type { InstantRules } from '../types/rules.ts';
export type {
  CreateReadStreamOpts,
  CreateWriteStreamOpts,
  InstantReadableStream,
  InstantWritableStream,
  ReadableStreamCtor,
  ReadStream,
  WritableStreamCtor,
  WriteStream,
} from '../types/streams.ts';
export type { CreateParams, LinkParams, TransactionChunk, TxChunk, UpdateParams } from '../types/transaction.ts';
export type { ValidQuery } from '../types/valid-query.ts';
