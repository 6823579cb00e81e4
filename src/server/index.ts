// Entry `triplane/server`.

export { createServer } from './server.ts';
export type { AppControl, ServerOptions, TriplaneServer } from './server.ts';
export type { MagicCodeMail } from './http/context.ts';
export { memory } from './storage/memory.ts';
export { sqlite } from './storage/sqlite/sqlite.ts';
export { postgres } from './storage/postgres/postgres.ts';
export type { PostgresOptions } from './storage/postgres/postgres.ts';
export type { Relay, RelayEvents } from './storage/storage.ts';
export { defaultLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export type {
  Appended,
  AppLog,
  AppliedEvent,
  AttrChanges,
  Event,
  LogListener,
  Loaded,
  LogEntry,
  Records,
  Snapshot,
  Storage,
} from './storage/storage.ts';
export { emptySnapshot, replay } from './storage/storage.ts';
