// InsForge's management API: channel definitions, message history, statistics, permissions and retention. For servers; it needs the rights of a
// project admin. docs/insforge.md#management

import type { Clock } from '../lib/clock.ts';
import { isUuid } from '../lib/uuid.ts';
import { type ApiCall, JsonApi } from '../rest/json-api.ts';
import type { Shape } from '../rest/shape.ts';
import { isPlain } from '../rooms/payload.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import type {
  Channel,
  CreateChannel,
  Message,
  MessageQuery,
  Permissions,
  Policy,
  RealtimeConfig,
  Stats,
  StatsQuery,
} from './admin-types.ts';
import { InsforgeApiError } from './insforge-error.ts';
import { isValidChannelPattern } from './patterns.ts';

export interface InsforgeAdminOptions {
  readonly baseUrl: string;
  /** A project's key, `ik_…`. */
  readonly apiKey?: string;
  /** A project admin's token; a function is called again after a 401. */
  readonly token?: string | (() => Promise<string> | string);
  readonly fetch?: typeof fetch;
  /** Aborting it ends every pending and later call with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long one attempt of a call may take; 60,000 ms by default. */
  readonly timeoutMs?: number;
  /** A larger response is an error; 100,000,000 by default. */
  readonly maxResponseBytes?: number;
  readonly clock?: Clock;
  /** The pause before the first retry. */
  readonly retryDelayMs?: number;
}

export interface InsforgeAdmin {
  readonly channels: {
    /** Newest first. */
    list(): Promise<Channel[]>;
    get(id: string): Promise<Channel>;
    create(channel: CreateChannel): Promise<Channel>;
    /** Omitted fields stay unchanged. To clear a field, pass an empty description or an empty list of URLs. */
    update(id: string, changes: Partial<CreateChannel>): Promise<Channel>;
    /** The channel's messages stay in the history, with `channelId: null`. */
    delete(id: string): Promise<void>;
  };
  readonly messages: {
    /** One page, newest first. */
    list(query?: MessageQuery): Promise<Message[]>;
    /** All messages, page by page; a message that new ones push to the next page is returned once. */
    pages(query?: MessageQuery): AsyncIterable<Message>;
    stats(query?: StatsQuery): Promise<Stats>;
    /** Deletes the whole history. Returns the number of messages. */
    clear(): Promise<number>;
  };
  readonly permissions: { get(): Promise<Permissions> };
  readonly config: {
    get(): Promise<RealtimeConfig>;
    /** Resolves with the given config, because the server responds with a text only; with `verify`, with the config read back. */
    update(config: RealtimeConfig, options?: { readonly verify?: boolean }): Promise<RealtimeConfig>;
  };
  /** Whether the backend runs. Needs no credentials. */
  health(): Promise<{ readonly status: string; readonly version?: string }>;
}

const base = '/api/realtime';

const channelShape: Shape = {
  id: 'string',
  pattern: 'string',
  description: 'string|null',
  webhookUrls: 'array|null',
  enabled: 'boolean',
  createdAt: 'string',
  updatedAt: 'string',
};
const messageShape: Shape = {
  id: 'string',
  eventName: 'string',
  channelId: 'string|null',
  channelName: 'string',
  senderType: 'string',
  senderId: 'string|null',
  wsAudienceCount: 'number',
  whAudienceCount: 'number',
  whDeliveredCount: 'number',
  createdAt: 'string',
};
const statsShape: Shape = { totalMessages: 'number', whDeliveryRate: 'number', topEvents: 'array', retentionDays: 'number|null' };
const topEventShape: Shape = { eventName: 'string', count: 'number' };
const policyShape: Shape = { policyName: 'string', tableName: 'string', command: 'string', using: 'string?', withCheck: 'string?' };
const configShape: Shape = { retentionDays: 'number|null' };

/**
 * A client for InsForge's management API.
 *
 * @example
 * const admin = createInsforgeAdmin({ baseUrl, apiKey: process.env.INSFORGE_API_KEY });
 * await admin.channels.create({ pattern: 'board:%' });
 */
export function createInsforgeAdmin(options: InsforgeAdminOptions): InsforgeAdmin {
  const api = apiOf(options);
  return {
    channels: channelCalls(api),
    messages: messageCalls(api),
    permissions: { get: () => permissions(api) },
    config: configCalls(api),
    health: () => one(api, { method: 'GET', path: '/api/health', auth: false }, { status: 'string', version: 'string?' }),
  };
}

async function one<T>(api: JsonApi, call: ApiCall, shape: Shape): Promise<T> {
  return api.fit<T>(call, await api.json(call), shape);
}

async function list<T>(api: JsonApi, call: ApiCall, shape: Shape): Promise<T[]> {
  const response = await api.json(call);
  if (!Array.isArray(response)) throw api.misshapen(call, response, 'it is not a list');
  return response.map((item: unknown) => api.fit<T>(call, item, shape));
}

function channelCalls(api: JsonApi): InsforgeAdmin['channels'] {
  const path = `${base}/channels`;
  return {
    list: () => list<Channel>(api, { method: 'GET', path }, channelShape),
    get: async (id) => one(api, { method: 'GET', path: channelPath(id) }, channelShape),
    create: async (body) => {
      checkChannel(body, true);
      return one(api, { method: 'POST', path, body }, channelShape);
    },
    update: async (id, body) => {
      checkChannel(body, false);
      return one(api, { method: 'PUT', path: channelPath(id), body }, channelShape);
    },
    delete: async (id) => void (await api.json({ method: 'DELETE', path: channelPath(id) })),
  };
}

function messageCalls(api: JsonApi): InsforgeAdmin['messages'] {
  const path = `${base}/messages`;
  const page = async (query: MessageQuery = {}): Promise<Message[]> =>
    list<Message>(api, { method: 'GET', path, query: messageQuery(query) }, messageShape);
  return {
    list: page,
    pages: (query) => pages(page, query, () => api.misshapen({ method: 'GET', path }, undefined, 'its pages repeat, whatever the offset')),
    stats: async (query = {}) => {
      const call = { method: 'GET', path: `${path}/stats`, query: statsQuery(query) } as const;
      const stats = await one<Stats>(api, call, statsShape);
      for (const event of stats.topEvents) api.fit(call, event, topEventShape);
      return stats;
    },
    clear: async () => (await one<{ deleted: number }>(api, { method: 'DELETE', path }, { deleted: 'number' })).deleted,
  };
}

function configCalls(api: JsonApi): InsforgeAdmin['config'] {
  const path = `${base}/config`;
  const get = (): Promise<RealtimeConfig> => one(api, { method: 'GET', path }, configShape);
  return {
    get,
    update: async (config, { verify = false } = {}) => {
      checkRetention(config);
      const { retentionDays } = config;
      await api.json({ method: 'PATCH', path, body: { retentionDays } });
      return verify ? get() : { retentionDays };
    },
  };
}

function apiOf({ baseUrl, apiKey, token, ...options }: InsforgeAdminOptions): JsonApi {
  if (!URL.canParse(baseUrl)) throw new InvalidArgumentError(`baseUrl is not a URL: ${String(baseUrl)}`);
  if (apiKey === undefined && token === undefined) throw new InvalidArgumentError('Give createInsforgeAdmin an apiKey or a token');
  return new JsonApi({
    ...options,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    canRefresh: typeof token === 'function',
    credentials: async () => {
      if (apiKey !== undefined) return { 'x-api-key': apiKey };
      return { authorization: `Bearer ${typeof token === 'function' ? await token() : token}` };
    },
    toError: ({ status, code, message, body, cause }) => {
      const nextActions = isPlain(body) && typeof body['nextActions'] === 'string' ? body['nextActions'] : undefined;
      return new InsforgeApiError(status, code, message, { nextActions, cause });
    },
  });
}

/** The server responds with 500 to an id that is not a UUID. */
function channelPath(id: string): string {
  if (!isUuid(id)) throw new InvalidArgumentError(`'${String(id)}' is not the id of a channel: it must be a UUID`);
  return `${base}/channels/${id}`;
}

function checkChannel(body: Partial<CreateChannel>, isNew: boolean): void {
  const { pattern, description, webhookUrls, enabled } = body;
  if (isNew || pattern !== undefined) {
    const rule = 'letters, digits and hyphens, then segments after colons that may also have %';
    if (typeof pattern !== 'string' || !isValidChannelPattern(pattern))
      throw new InvalidArgumentError(`'${String(pattern)}' is not a pattern: ${rule}`);
  }
  if (description !== undefined && typeof description !== 'string')
    throw new InvalidArgumentError('description is a string; an empty one clears it');
  if (enabled !== undefined && typeof enabled !== 'boolean') throw new InvalidArgumentError('enabled is true or false');
  const given: unknown = webhookUrls;
  if (given !== undefined && !Array.isArray(given)) throw new InvalidArgumentError('webhookUrls is a list; an empty one clears it');
  const bad = webhookUrls?.find((url) => !URL.canParse(url));
  if (bad !== undefined) throw new InvalidArgumentError(`'${String(bad)}' is not the URL of a webhook`);
}

function messageQuery({ channelId, eventName, limit, offset }: MessageQuery): Record<string, string | undefined> {
  if (channelId !== undefined && !isUuid(channelId))
    throw new InvalidArgumentError(`channelId is a UUID, and '${String(channelId)}' is none`);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 1000))
    throw new InvalidArgumentError('limit is 1 to 1000');
  if (offset !== undefined && !(Number.isInteger(offset) && offset >= 0)) throw new InvalidArgumentError('offset is 0 or more');
  return { channelId, eventName, limit: limit?.toString(), offset: offset?.toString() };
}

function statsQuery({ channelId, since }: StatsQuery): Record<string, string | undefined> {
  if (channelId !== undefined && !isUuid(channelId))
    throw new InvalidArgumentError(`channelId is a UUID, and '${String(channelId)}' is none`);
  const at = since === undefined ? undefined : new Date(since);
  if (at && Number.isNaN(at.getTime())) throw new InvalidArgumentError(`since is not a date: ${String(since)}`);
  return { channelId, since: at?.toISOString() };
}

function checkRetention({ retentionDays }: RealtimeConfig): void {
  if (retentionDays === null || (Number.isInteger(retentionDays) && retentionDays > 0)) return;
  throw new InvalidArgumentError('retentionDays must be a positive integer, or null to keep messages forever');
}

const pageSize = 100;

/** More pages in a row without a new message than new messages could have caused. */
const mostRepeats = 5;

async function* pages(
  list: (query: MessageQuery) => Promise<Message[]>,
  query: MessageQuery = {},
  endless: () => Error,
): AsyncIterable<Message> {
  const { limit = pageSize, offset: start = 0 } = query;
  // New messages push older ones to the next page, which then begins with some that were on this one.
  const seen = new Set<string>();
  let repeats = 0;
  for (let offset = start; ; offset += limit) {
    const page = await list({ ...query, limit, offset });
    const known = seen.size;
    for (const message of page) {
      if (seen.has(message.id)) continue;
      seen.add(message.id);
      yield message;
    }
    if (page.length < limit) return;
    repeats = seen.size === known ? repeats + 1 : 0;
    if (repeats === mostRepeats) throw endless();
  }
}

async function permissions(api: JsonApi): Promise<Permissions> {
  const call = { method: 'GET', path: `${base}/permissions` } as const;
  const response = await api.json(call);
  const policies = (side: 'subscribe' | 'publish'): { readonly policies: Policy[] } => {
    const listed = isPlain(response) && isPlain(response[side]) ? response[side]['policies'] : undefined;
    if (!Array.isArray(listed)) throw api.misshapen(call, response, `it has no list of '${side}' policies`);
    const checked = listed.map((policy: unknown) => api.fit<Policy & { readonly roles: unknown }>(call, policy, policyShape));
    return { policies: checked.map((policy) => ({ ...policy, roles: rolesOf(policy.roles) })) };
  };
  return { subscribe: policies('subscribe'), publish: policies('publish') };
}

/** A list, or PostgreSQL's text of an array: `{authenticated,"other role"}`. */
function rolesOf(roles: unknown): string[] {
  if (Array.isArray(roles)) return roles.map(String);
  if (typeof roles !== 'string') return [];
  const items = roles.replace(/^\{|\}$/g, '').matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g);
  return [...items].map(([, quoted, bare = '']) => quoted?.replace(/\\(.)/g, '$1') ?? bare);
}
