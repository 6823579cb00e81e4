// Entry `triplane`: what is public, by name. No logic. The names of InstantDB's client are all here that mean something here;
// test/support/official-names.ts is the list.

export { init, init as init_experimental, InstantCoreDatabase } from './database.ts';
export { i, parseSchemaFromJSON } from './schema.ts';
export { getOps, isLookup, lookup, parseLookup, tx, txInit } from './transact/chunk.ts';
export { id } from './lib/uuid.ts';
export { coerceToDate } from './lib/dates.ts';
export { validateQuery } from './query/validate.ts';
export { validateTransaction as validateTransactions } from './transact/validate.ts';

export { Auth } from './auth.ts';
export { Storage } from './files.ts';
export { Streams, Streams as InstantStream } from './streams.ts';
export { FrameworkClient } from './framework-client.ts';
export type { FrameworkAnswer, FrameworkConfig, FrameworkResult } from './framework-client.ts';
export { IndexedDBStorage } from './indexed-db-storage.ts';
export { getInfiniteQueryInitialSnapshot } from './infinite-snapshot.ts';
export { SSEConnection } from './sse-connection.ts';
export type { StopTable } from './sync-table.ts';
export { Reactor } from './reactor/reactor.ts';
export { createInstantRouteHandler } from './http/first-party.ts';
export { undoHistory, UndoHistory } from './undo.ts';
export type { UndoState } from './undo.ts';
export { memoryStore } from './storage/memory.ts';
export { indexedDbStore } from './storage/indexed-db.ts';
export { StoreInterface, StoreInterface as StorageInterface } from './compat.ts';
export { SyncTableCallbackEventType, WindowNetworkListener, coerceQuery, setInstantWarningsEnabled, version, weakHash } from './compat.ts';

export {
  InstantAPIError,
  isTriplaneError,
  QueryValidationError,
  TransactionValidationError,
  TriplaneError,
  TriplaneError as InstantError,
} from './errors.ts';
export type { ErrorCode, RefusalBody } from './errors.ts';

export type { Abortable } from './types/abort.ts';
export type { DatabaseEvent, DatabaseEventOf, DatabaseEventType, LoggedMessage } from './types/events.ts';
export type { AskOpts } from './types/query.ts';
export type { Freshness } from './types/database.ts';
export type { InitConfig, Ports } from './config.ts';
export type { OutboxDesk, OutboxEntry } from './reactor/outbox-desk.ts';
export type { WritePromise } from './reactor/write-promise.ts';
export type { Edit, KeyValue } from './storage/key-value.ts';
export type { Network } from './connection/network.ts';
export type { Log } from './lib/log.ts';

export type { InstantConfig } from './config.ts';
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
} from './schema.ts';
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
export type { EventSourceConstructor, EventSourceType } from './types/event-source.ts';
export type { DeleteFileResponse, FileOpts, UploadFileResponse } from './types/files.ts';
export type { InstantRouteHandlerBody, InstantRouteHandlerPayloadByType, InstantRouteHandlerType } from './types/first-party.ts';
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
export type { StorageInterfaceStoreName, StoreInterfaceClass, StoreInterfaceStoreName } from './types/stores.ts';
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
