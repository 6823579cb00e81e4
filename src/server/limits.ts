// How much of a server one client may use. A request above a limit is rejected with an error that names the limit; a connection
// that goes on regardless is closed. What a client needs to know beforehand is announced in `init-ok`. PROTOCOL.md#limits

import type { ServerLimits } from '../protocol/session-messages.ts';

export interface Limits {
  /** Bytes of one frame from a client. */
  readonly frameBytes: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Malformed frames on one connection before it is closed. */
  readonly badFrames: number;
  /** Live queries of one session. */
  readonly queries: number;
  /** Forms of a query below each other. */
  readonly queryDepth: number;
  /** Labels of one path in a `where`. */
  readonly pathLength: number;
  /** Conditions, members of `or` and `and`, and forms of one query together. */
  readonly conditions: number;
  /** Values of all `$in` of one query together. */
  readonly choices: number;
  /** Entities, links and conditions that one evaluation of one query may look at. */
  readonly queryWork: number;
  /** Characters of the result of one query. */
  readonly resultLength: number;
  /** Rooms one session may be in. */
  readonly rooms: number;
  /** Bytes of the presence of one session in one room. */
  readonly presenceBytes: number;
  /** Characters of a name that a client chooses: of a room, a topic, a stream, an event. */
  readonly nameLength: number;
  /** Namespaces one session may keep in sync. */
  readonly syncTables: number;
  /** Streams one session may read and write. */
  readonly streams: number;
  /** Writes of one session that wait for their result. */
  readonly pendingWrites: number;
  /** Messages that may wait while a session is being opened. */
  readonly earlyMessages: number;
  /** Steps of one transaction. */
  readonly steps: number;
  /** Apps of the server. */
  readonly apps: number;
  /** Apps for a while that one address may make in an hour; 0 = nobody makes any. */
  readonly ephemeralApps: number;
  /** An app without sessions that nobody has asked for in so long leaves memory. */
  readonly idleAppMs: number;
  /** Messages of one session per second; five times as many at once. */
  readonly messagesPerSecond: number;
  /** Unsent bytes to one client that does not read. */
  readonly unreadBytes: number;
  /** Unsent bytes to all clients together: beyond this the clients with the most are disconnected. */
  readonly totalUnreadBytes: number;
  /** Bytes of frames and bodies that have not arrived whole, of all clients together: beyond this those with the most are disconnected. */
  readonly totalIncomingBytes: number;
  /** What one session makes the server hold besides data: presence, queries, messages that wait. */
  readonly sessionBytes: number;
  /** The same of all sessions of an app. */
  readonly appBytes: number;
  /** The same of all sessions of the server. */
  readonly totalBytes: number;
  /** Bytes of the results that are kept for live queries, of all sessions of the server: beyond this they are made again when they are needed. */
  readonly keptResultBytes: number;
  /** How long the result of a write is remembered. */
  readonly rememberMs: number;
  /** Bytes of results remembered for one app; the oldest are forgotten first. */
  readonly rememberBytes: number;
  /** Transactions kept for clients that come back to a namespace they keep in sync. */
  readonly history: number;
  /** Bytes of these transactions. */
  readonly historyBytes: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  frameBytes: 16 * MiB,
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
  apps: 10_000,
  ephemeralApps: 100,
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

/** Levels of nesting in a frame from a client. */
export const maxFrameDepth = 100;

/** The limits that a client can keep to by itself. */
export function announcedLimits(limits: Limits): ServerLimits {
  return {
    'max-frame-bytes': limits.frameBytes,
    'max-frame-depth': maxFrameDepth,
    'max-messages-per-second': limits.messagesPerSecond,
    'max-name-length': limits.nameLength,
    'max-transaction-steps': limits.steps,
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
