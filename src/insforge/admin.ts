// InsForge's management API: channel definitions, message history, statistics, permissions and retention. For servers; it needs the rights of a
// project admin. docs/insforge.md#management

import { TriplaneError } from '../errors.ts';
import { type ApiFailure, JsonApi } from '../http/json-api.ts';
import type { Clock } from '../lib/clock.ts';
import { isUuid } from '../lib/uuid.ts';
import { isPlain } from '../rooms/payload.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import { misfit, type Shape } from '../rooms/shape.ts';
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
  /** A project admin's token; a function is asked anew after a 401. */
  readonly token?: string | (() => Promise<string> | string);
  readonly fetch?: typeof fetch;
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
    /** What is not given stays as it is. To clear: an empty description, an empty list of URLs. */
    update(id: string, changes: Partial<CreateChannel>): Promise<Channel>;
    /** The channel's messages stay in the history, with `channelId: null`. */
    delete(id: string): Promise<void>;
  };
  readonly messages: {
    /** One page, newest first. */
    list(query?: MessageQuery): Promise<Message[]>;
    /** All of them, page by page; a message that moves to the next page meanwhile comes once. */
    pages(query?: MessageQuery): AsyncIterable<Message>;
    stats(query?: StatsQuery): Promise<Stats>;
    /** Deletes the whole history. Gives how many there were. */
    clear(): Promise<number>;
  };
  readonly permissions: { get(): Promise<Permissions> };
  readonly config: {
    get(): Promise<RealtimeConfig>;
    /** Resolves with what was sent, as the server answers with a text only; with `verify`, with what it says afterwards. */
    update(config: RealtimeConfig, options?: { readonly verify?: boolean }): Promise<RealtimeConfig>;
  };
  /** Whether the backend runs. Needs no credentials. */
  health(): Promise<{ readonly status: string; readonly version?: string }>;
}

const base = '/api/realtime';

const channelShape: Shape = {
  id: 'string',
  pattern: 'string',
  description: 'string?',
  webhookUrls: 'array?',
  enabled: 'boolean',
  createdAt: 'string',
  updatedAt: 'string',
};
const messageShape: Shape = { id: 'string', eventName: 'string', channelName: 'string', senderType: 'string', createdAt: 'string' };
const statsShape: Shape = { totalMessages: 'number', whDeliveryRate: 'number', topEvents: 'array', retentionDays: 'number?' };

/**
 * A client for InsForge's management API.
 *
 * @example
 * const admin = createInsforgeAdmin({ baseUrl, apiKey: process.env.INSFORGE_API_KEY });
 * await admin.channels.create({ pattern: 'board:%' });
 */
export function createInsforgeAdmin(options: InsforgeAdminOptions): InsforgeAdmin {
  const api = apiOf(options);
  const as = <T>(value: unknown, shape: Shape, what: string): T => {
    const problem = misfit(value, shape);
    if (problem !== undefined)
      throw new InsforgeApiError(200, 'MALFORMED_RESPONSE', `${what} was not answered as the API has it: ${problem}`);
    return value as T;
  };
  const listOf = <T>(value: unknown, shape: Shape, what: string): T[] => {
    if (!Array.isArray(value)) throw new InsforgeApiError(200, 'MALFORMED_RESPONSE', `${what} was not answered with a list`);
    return value.map((item: unknown) => as<T>(item, shape, what));
  };
  const channel = (value: unknown): Channel => as(value, channelShape, 'The channel');
  const list = async (query: MessageQuery = {}): Promise<Message[]> => {
    const answer = await api.json({ method: 'GET', path: `${base}/messages`, query: messageQuery(query) });
    return listOf(answer, messageShape, 'The list of messages');
  };
  const readConfig = async (): Promise<RealtimeConfig> =>
    as(await api.json({ method: 'GET', path: `${base}/config` }), { retentionDays: 'number?' }, 'The config');
  return {
    channels: {
      list: async () => listOf(await api.json({ method: 'GET', path: `${base}/channels` }), channelShape, 'The list of channels'),
      get: async (id) => channel(await api.json({ method: 'GET', path: channelPath(id) })),
      create: async (body) => {
        checkChannel(body, true);
        return channel(await api.json({ method: 'POST', path: `${base}/channels`, body }));
      },
      update: async (id, body) => {
        checkChannel(body, false);
        return channel(await api.json({ method: 'PUT', path: channelPath(id), body }));
      },
      delete: async (id) => void (await api.json({ method: 'DELETE', path: channelPath(id) })),
    },
    messages: {
      list,
      pages: (query) => pages(list, query),
      stats: async (query = {}) => {
        const answer = await api.json({ method: 'GET', path: `${base}/messages/stats`, query: statsQuery(query) });
        return as(answer, statsShape, 'The statistics');
      },
      clear: async () => {
        const answer = await api.json({ method: 'DELETE', path: `${base}/messages` });
        return as<{ deleted: number }>(answer, { deleted: 'number' }, 'The deletion').deleted;
      },
    },
    permissions: { get: async () => permissionsOf(await api.json({ method: 'GET', path: `${base}/permissions` })) },
    config: {
      get: readConfig,
      update: async (config, { verify = false } = {}) => {
        checkRetention(config);
        const { retentionDays } = config;
        await api.json({ method: 'PATCH', path: `${base}/config`, body: { retentionDays } });
        return verify ? readConfig() : { retentionDays };
      },
    },
    health: async () =>
      as(await api.json({ method: 'GET', path: '/api/health', auth: false }), { status: 'string', version: 'string?' }, 'The health'),
  };
}

function apiOf({ baseUrl, apiKey, token, fetch, clock, retryDelayMs }: InsforgeAdminOptions): JsonApi {
  if (!URL.canParse(baseUrl)) throw new InvalidArgumentError(`baseUrl is not a URL: ${String(baseUrl)}`);
  if (apiKey === undefined && token === undefined) throw new InvalidArgumentError('Give createInsforgeAdmin an apiKey or a token');
  return new JsonApi({
    baseUrl: baseUrl.replace(/\/+$/, ''),
    fetch,
    clock,
    retryDelayMs,
    canRefresh: typeof token === 'function',
    credentials: async () => {
      if (apiKey !== undefined) return { 'x-api-key': apiKey };
      return { authorization: `Bearer ${typeof token === 'function' ? await token() : token}` };
    },
    toError: errorFrom,
  });
}

function errorFrom({ status, body, text, name, cause }: ApiFailure): InsforgeApiError {
  if (status === 0) {
    const code = cause instanceof TriplaneError && cause.code === 'timeout' ? 'TIMEOUT' : 'UNREACHABLE';
    const reason = code === 'TIMEOUT' ? 'was not answered in time' : 'reached no server; check baseUrl and the network';
    return new InsforgeApiError(0, code, `${name} ${reason}`, { cause });
  }
  if (!isPlain(body) || typeof body['error'] !== 'string') {
    const excerpt = text.trim().slice(0, 200);
    return new InsforgeApiError(
      status,
      'MALFORMED_RESPONSE',
      `${name} was answered ${status}, not as the API answers: ${excerpt || 'nothing'}`,
    );
  }
  const { error, message, nextActions } = body;
  return new InsforgeApiError(status, error, typeof message === 'string' ? message : error, {
    nextActions: typeof nextActions === 'string' ? nextActions : undefined,
  });
}

/** The server answers 500 to an id that is no UUID. */
function channelPath(id: string): string {
  if (!isUuid(id)) throw new InvalidArgumentError(`A channel's id is a UUID, and '${String(id)}' is none`);
  return `${base}/channels/${id}`;
}

function checkChannel(body: Partial<CreateChannel>, isNew: boolean): void {
  const { pattern, webhookUrls } = body;
  if (isNew || pattern !== undefined) {
    const rule = 'letters, digits and hyphens, then segments after colons that may also have %';
    if (typeof pattern !== 'string' || !isValidChannelPattern(pattern))
      throw new InvalidArgumentError(`'${String(pattern)}' is no pattern: ${rule}`);
  }
  const bad = webhookUrls?.find((url) => !URL.canParse(url));
  if (bad !== undefined) throw new InvalidArgumentError(`A webhook's address is a URL, and '${bad}' is none`);
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
  if (at && Number.isNaN(at.getTime())) throw new InvalidArgumentError(`since is no date: ${String(since)}`);
  return { channelId, since: at?.toISOString() };
}

function checkRetention({ retentionDays }: RealtimeConfig): void {
  if (retentionDays === null || (Number.isInteger(retentionDays) && retentionDays > 0)) return;
  throw new InvalidArgumentError('retentionDays is a whole number above 0, or null to keep messages for ever');
}

const pageSize = 100;

async function* pages(list: (query: MessageQuery) => Promise<Message[]>, query: MessageQuery = {}): AsyncIterable<Message> {
  const { limit = pageSize, offset: start = 0 } = query;
  // New messages push older ones to the next page, which then begins with some that were on this one.
  const seen = new Set<string>();
  for (let offset = start; ; offset += limit) {
    const page = await list({ ...query, limit, offset });
    for (const message of page) {
      if (seen.has(message.id)) continue;
      seen.add(message.id);
      yield message;
    }
    if (page.length < limit) return;
  }
}

function permissionsOf(answer: unknown): Permissions {
  const policies = (side: 'subscribe' | 'publish'): { readonly policies: Policy[] } => {
    const listed = isPlain(answer) && isPlain(answer[side]) ? answer[side]['policies'] : undefined;
    if (!Array.isArray(listed)) throw new InsforgeApiError(200, 'MALFORMED_RESPONSE', `The permissions have no list of '${side}' policies`);
    return { policies: listed.filter(isPlain).map((policy) => ({ ...(policy as unknown as Policy), roles: rolesOf(policy['roles']) })) };
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
