// Entry `triplane`: the list of public names. No logic. Includes every name of InstantDB's client that applies;
// test/support/official-names.ts checks the list.

export { init, init as init_experimental, InstantCoreDatabase } from './client/database.ts';
export { i, parseSchemaFromJSON } from './schema/schema.ts';
export { getOps, isLookup, lookup, parseLookup, tx, txInit } from './transact/chunk.ts';
export { createId as id } from './client/id.ts';
export { coerceToDate } from './lib/dates.ts';
export { validateQuery } from './query/validate.ts';
export { validateTransaction as validateTransactions } from './transact/operation.ts';

export { Auth } from './client/auth.ts';
export { Storage } from './client/files.ts';
export { Streams, Streams as InstantStream } from './client/streams.ts';
export { FrameworkClient } from './client/server-rendering.ts';
export type { DehydratedResult, FrameworkConfig, FrameworkResult } from './client/server-rendering.ts';
export { IndexedDBStorage } from './client/indexed-db-storage.ts';
export { getInfiniteQueryInitialSnapshot } from './client/infinite-snapshot.ts';
export { SSEConnection } from './client/sse-connection.ts';
export type { StopTable } from './client/sync-table.ts';
export { Reactor } from './reactor/reactor.ts';
export { createInstantRouteHandler } from './http/route-handler.ts';
export { undoHistory, UndoHistory } from './client/undo.ts';
export type { UndoState } from './client/undo.ts';
export { memoryStore } from './storage/memory.ts';
export { indexedDbStore } from './storage/indexed-db.ts';
export { StoreInterface, StoreInterface as StorageInterface } from './client/compat.ts';
export {
  SyncTableCallbackEventType,
  WindowNetworkListener,
  coerceQuery,
  setInstantWarningsEnabled,
  version,
  weakHash,
} from './client/compat.ts';

export {
  InstantAPIError,
  isTriplaneError,
  QueryValidationError,
  TransactionValidationError,
  TriplaneError,
  TriplaneError as InstantError,
} from './errors.ts';
export type { ErrorCode, RejectionBody } from './errors.ts';

export type { Abortable } from './lib/abort.ts';
export type { DatabaseEvent, DatabaseEventOf, DatabaseEventType, LoggedMessage } from './types/events.ts';
export type { SubscribeOptions } from './types/query.ts';
export type { Freshness } from './types/database.ts';
export type { InitConfig, Ports } from './client/config.ts';
export type { OutboxApi, OutboxEntry } from './reactor/mutations/outbox-api.ts';
export type { WritePromise } from './reactor/mutations/write-promise.ts';
export type { KeyValueOp, KeyValue } from './storage/key-value.ts';
export type { Network } from './connection/network.ts';
export type { Log } from './lib/log.ts';

export type { InstantConfig } from './client/config.ts';
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
  RoomSchemaShape,
  RoomsDef,
  ValueTypes,
} from './schema/schema.ts';
export type {
  InstantDBAttr,
  InstantDBAttrOnDelete,
  InstantDBCheckedDataType,
  InstantDBIdent,
  InstantDBInferredType,
} from './types/attrs.ts';
export type {
  AuthState,
  AuthToken,
  CheckMagicCodeParams,
  CheckMagicCodeResponse,
  ExchangeCodeForTokenParams,
  SendMagicCodeParams,
  SendMagicCodeResponse,
  SignInAsGuestParams,
  SignInWithIdTokenParams,
  User,
  VerifyMagicCodeParams,
  VerifyResponse,
} from './types/auth.ts';
export type { Config, ConfigWithSchema, Logger } from './types/config.ts';
export type {
  AppStatusState,
  ConnectionDetails,
  ConnectionStatus,
  IDatabase,
  IInstantDatabase,
  InfiniteQueryCallbackResponse,
  InfiniteQuerySubscription,
  InstaQLLifecycleState,
  InstaQLSubscriptionState,
  LifecycleSubscriptionState,
  SubscriptionState,
  TransactionResult,
} from './types/database.ts';
export type { InstantEntity, InstantQuery, InstantQueryResult, InstantSchema, InstantSchemaDatabase } from './types/deprecated.ts';
export type { EventSourceConstructor, EventSourceType } from './types/ports.ts';
export type { DeleteFileResponse, FileOpts, UploadFileResponse } from './types/files.ts';
export type { InstantRouteHandlerBody, InstantRouteHandlerPayloadByType, InstantRouteHandlerType } from './types/auth.ts';
export type { InstantIssue } from './types/issue.ts';
export type {
  Cursor,
  Exactly,
  InstaQLEntitySubquery,
  InstaQLFields,
  InstaQLOptions,
  InstaQLParams,
  InstaQLQueryParams,
  Order,
  Query,
  RuleParams,
} from './types/query.ts';
export type {
  InstaQLEntity,
  InstaQLQueryEntityResult,
  InstaQLResponse,
  InstaQLResult,
  InstantObject,
  PageInfoResponse,
  QueryResponse,
} from './types/result.ts';
export type {
  GetPresence,
  PresenceOf,
  PresenceOpts,
  PresencePeer,
  PresenceResponse,
  PresenceSlice,
  PublishTopic,
  RoomHandle,
  RoomsOf,
  SubscribePresence,
  SubscribeTopic,
  TopicOf,
  TopicsOf,
} from './types/rooms.ts';
export type { InstantRules } from './types/rules.ts';
export type { StorageInterfaceStoreName, StoreInterfaceClass, StoreInterfaceStoreName } from './types/ports.ts';
export type {
  CreateReadStreamOpts,
  CreateWriteStreamOpts,
  InstantReadableStream,
  InstantWritableStream,
  ReadStream,
  ReadableStreamCtor,
  WritableStreamCtor,
  WriteStream,
} from './types/streams.ts';
export type {
  SyncTableCallback,
  SyncTableCallbackEvent,
  SyncTableInitialSyncBatch,
  SyncTableInitialSyncComplete,
  SyncTableLoadFromStorage,
  SyncTableSetupError,
  SyncTableSyncTransaction,
} from './types/sync-table.ts';
export type { CreateParams, LinkParams, TransactionChunk, TxChunk, UpdateParams } from './types/transaction.ts';
export type { ValidQuery } from './types/valid-query.ts';
