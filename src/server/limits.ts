// Limits on what one client may use of a server. A request above a limit is rejected with an error that names the limit; a connection that
// keeps exceeding it is closed. Limits that clients need to know are announced in `init-ok`. PROTOCOL.md#limits

import type { ServerLimits } from '../protocol/session-messages.ts';

export interface Limits {
  /** Size of one frame from a client, in bytes. */
  readonly frameBytes: number;
  /**
   * Estimated work of parsing one frame or body of anyone but an admin: 10 for a key, 5 for an array or object, 1 for any other item. Parsing
   * runs in one go, while others wait.
   */
  readonly parseWork: number;
  /** Size of one file, in bytes. */
  readonly fileBytes: number;
  /** Malformed frames on one connection before it is closed. */
  readonly badFrames: number;
  /** Live queries per session. */
  readonly queries: number;
  /** Nesting depth of a query. */
  readonly queryDepth: number;
  /** Labels in one path of a `where` clause. */
  readonly pathLength: number;
  /** Conditions, members of `or` and `and`, and nested forms of one query, in total. */
  readonly conditions: number;
  /** Values of all `$in` operators of one query, in total. */
  readonly choices: number;
  /** Entities, links and conditions that one evaluation of a query may visit. */
  readonly queryWork: number;
  /** Size of the result of one query, in characters. */
  readonly resultLength: number;
  /** Rooms per session. */
  readonly rooms: number;
  /** Size of a session's presence in one room, in bytes. */
  readonly presenceBytes: number;
  /** Length of a name chosen by a client (room, topic, stream, event), in characters. */
  readonly nameLength: number;
  /** Sync tables per session. */
  readonly syncTables: number;
  /** Streams that one session may read and write. */
  readonly streams: number;
  /** Writes of one session that wait for their result. */
  readonly pendingWrites: number;
  /** Messages queued while a session is being opened. */
  readonly earlyMessages: number;
  /** Steps per transaction of a session with the admin token. */
  readonly steps: number;
  /** Steps per transaction without admin rights. While one is applied, other writes of its app wait. */
  readonly userSteps: number;
  /** Apps per server. */
  readonly apps: number;
  /**
   * Ephemeral apps that one address may create per hour; 0 = none. Whoever creates one has admin rights in it until it expires, so a server
   * that strangers reach is better off without. 100 for `triplane dev`.
   */
  readonly ephemeralApps: number;
  /** Data and files of an ephemeral app, in estimated bytes. 1 GiB for `triplane dev`. */
  readonly ephemeralAppBytes: number;
  /** Guests that one network may sign in per hour and app; 0 = none. 100,000 for `triplane dev`. */
  readonly guestSignIns: number;
  /** Sign-ins by redirect that one address may start in ten minutes. Each is kept until it is over. */
  readonly oauthStarts: number;
  /** An app without sessions or requests for this long is unloaded, in milliseconds. */
  readonly idleAppMs: number;
  /** Messages per second and session; bursts may be five times as large. */
  readonly messagesPerSecond: number;
  /** Unsent bytes to one client that does not read. */
  readonly unreadBytes: number;
  /** Unsent bytes to all clients; beyond it, the clients with the largest backlogs are disconnected. */
  readonly totalUnreadBytes: number;
  /** Bytes of incomplete frames and bodies of all clients; beyond it, the clients with the most are disconnected. */
  readonly totalIncomingBytes: number;
  /** Memory one session may occupy besides data (presence, queries, queued messages), in bytes. */
  readonly sessionBytes: number;
  /** The same for all sessions of an app. */
  readonly appBytes: number;
  /** The same for all sessions of the server. */
  readonly totalBytes: number;
  /** Memory for cached results of live queries, for all sessions of the server, in bytes; beyond it, results are recomputed when needed. */
  readonly keptResultBytes: number;
  /** How long the result of a write is remembered, in milliseconds. */
  readonly rememberMs: number;
  /** Memory for remembered results of one app, in bytes; the oldest are dropped first. */
  readonly rememberBytes: number;
  /** Transactions kept so that reconnecting sync tables can catch up. */
  readonly history: number;
  /** Size of these transactions, in bytes. */
  readonly historyBytes: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  frameBytes: 16 * MiB,
  parseWork: 2_000_000,
  fileBytes: 5 * 1024 * MiB,
  badFrames: 100,
  queries: 1000,
  queryDepth: 50,
  pathLength: 50,
  conditions: 5000,
  choices: 30_000,
  queryWork: 30_000_000,
  resultLength: 128 * MiB,
  rooms: 200,
  presenceBytes: 256 * 1024,
  nameLength: 1000,
  syncTables: 50,
  streams: 1000,
  pendingWrites: 10_000,
  earlyMessages: 1000,
  steps: 100_000,
  userSteps: 10_000,
  apps: 10_000,
  ephemeralApps: 10,
  ephemeralAppBytes: 64 * MiB,
  guestSignIns: 1000,
  oauthStarts: 5000,
  idleAppMs: 5 * 60 * 1000,
  messagesPerSecond: 2000,
  unreadBytes: 64 * MiB,
  totalUnreadBytes: 128 * MiB,
  totalIncomingBytes: 128 * MiB,
  sessionBytes: 32 * MiB,
  appBytes: 128 * MiB,
  totalBytes: 256 * MiB,
  keptResultBytes: 128 * MiB,
  rememberMs: 7 * 24 * 3600 * 1000,
  rememberBytes: 64 * MiB,
  history: 10_000,
  historyBytes: 32 * MiB,
};

/** Nesting depth of a frame from a client. */
export const maxFrameDepth = 100;

/** Steps per transaction of a session; a server that lowers the limit of admins lowers that of others, too. */
export function stepLimit({ steps, userSteps }: Limits, isAdmin: boolean): number {
  return isAdmin ? steps : Math.min(steps, userSteps);
}

/** The limits that a client can respect without asking. */
export function announcedLimits(limits: Limits, isAdmin: boolean): ServerLimits {
  return {
    'max-frame-bytes': limits.frameBytes,
    'max-frame-depth': maxFrameDepth,
    ...(!isAdmin && { 'max-frame-work': limits.parseWork }),
    'max-messages-per-second': limits.messagesPerSecond,
    'max-name-length': limits.nameLength,
    'max-transaction-steps': stepLimit(limits, isAdmin),
    'max-pending-transactions': limits.pendingWrites,
    'max-queries': limits.queries,
    'max-query-depth': limits.queryDepth,
    'max-query-path-length': limits.pathLength,
    'max-query-conditions': limits.conditions,
    'max-query-choices': limits.choices,
    'max-query-work': limits.queryWork,
    'max-result-length': limits.resultLength,
    'max-rooms': limits.rooms,
    'max-presence-bytes': limits.presenceBytes,
    'max-streams': limits.streams,
  };
}
