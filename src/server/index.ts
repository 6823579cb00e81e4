// Entry `triplane/server`.

export { createServer } from './server.ts';
export type { AppControl, ServerOptions, TriplaneServer } from './server.ts';
export type { MagicCodeMail } from './http/desk.ts';
export { memory } from './memory.ts';
export { sqlite } from './storage-sqlite.ts';
export { postgres } from './storage-postgres.ts';
export type { PostgresOptions } from './storage-postgres.ts';
export type { Relay, RelayEvents } from './relay.ts';
export { defaultLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export type { Appended, AppLog, AppliedEvent, AttrChanges, Event, Heard, Loaded, LogEntry, Records, Snapshot, Storage } from './storage.ts';
export { emptySnapshot, replay } from './storage.ts';
