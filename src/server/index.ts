// Entry `triplane/server`.

export { createServer } from './server.ts';
export type { ServerOptions, TriplaneServer } from './server.ts';
export { memory } from './memory.ts';
export { defaultLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export type { AppLog, AppliedEvent, AttrChanges, Event, Loaded, LogEntry, Snapshot, Storage } from './storage.ts';
export { emptySnapshot, replay } from './storage.ts';
