// Entry `triplane/server`.

export { createServer } from './server.ts';
export type { AppControl, AppOptions, CreatedApp, ServerOptions, TriplaneServer } from './server.ts';
export type { TrustProxy } from './client-address.ts';
export type { MagicCodeMail } from './http/context.ts';
export { smtpMail } from './mail/smtp.ts';
export type { MailTemplate, SmtpOptions } from './mail/smtp.ts';
export { memory } from './storage/memory.ts';
export { memoryFiles } from './files/memory-files.ts';
export { diskFiles } from './files/disk-files.ts';
export { s3Files } from './files/s3-files.ts';
export type { S3Options } from './files/s3-files.ts';
export type { ByteRange, FileStore, ListedFile, StoredFile } from './files/file-store.ts';
export { sqlite } from './storage/sqlite/sqlite.ts';
export { postgres } from './storage/postgres/postgres.ts';
export type { PostgresOptions } from './storage/postgres/postgres.ts';
export type { Relay, RelayEvents } from './storage/storage.ts';
export { defaultLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export type {
  Appended,
  AnsweredEvent,
  AppLog,
  AttrChanges,
  Event,
  HeldLog,
  LogListener,
  Loaded,
  LogEntry,
  Records,
  RememberedRejection,
  Snapshot,
  Storage,
} from './storage/storage.ts';
export { emptySnapshot } from './storage/storage.ts';
export { replay } from './storage/replay.ts';
