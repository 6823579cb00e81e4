// InsForge's realtime side as a server in the test process, made from the observed protocol: a real socket.io server, and the management API
// on the same port, its requests checked with the vendor's own zod schemas. Driven by the vendor's SDK too (sdk.test.ts), so that it cannot
// drift from what that expects.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import * as schemas from '@insforge/shared-schemas';
import { Server, type Socket } from 'socket.io';

import { decodeJwt } from '../../src/rooms/jwt.ts';
import { isValidChannelPattern, matchChannelPattern } from '../../src/insforge/patterns.ts';
import { type PreparedAnswer, sendPrepared } from '../support/bad-answers.ts';

export const apiKey = 'ik_the_project';
export const anonKey = 'anon_everyone';

export interface Definition {
  id: string;
  pattern: string;
  description: string | null;
  webhookUrls: string[] | null;
  enabled: boolean;
  createdAt: string;
  updatedAt: string;
}

interface Stored {
  id: string;
  eventName: string;
  channelId: string | null;
  channelName: string;
  payload: unknown;
  senderType: 'user' | 'system';
  senderId: string | null;
  wsAudienceCount: number;
  whAudienceCount: number;
  whDeliveredCount: number;
  createdAt: string;
}

interface Identity {
  readonly type: 'user' | 'anonymous';
  readonly id: string;
  readonly role: string;
}

/** A token of the form that the backend issues. The double trusts every one that has not expired. */
export function userToken(sub: string, { role = 'authenticated', expired = false } = {}): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + (expired ? -60 : 900);
  return `${part({ alg: 'RS256' })}.${part({ sub, email: `${sub}@example.com`, role, iat: exp - 900, exp })}.signature`;
}

const socketNames = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']);

export class InsforgeDouble {
  readonly io: Server;
  readonly http: HttpServer;
  readonly definitions: Definition[] = [];
  readonly messages: Stored[] = [];
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers']; body: unknown }[] = [];
  /** Each handshake's `auth`. */
  readonly handshakes: Record<string, unknown>[] = [];
  readonly members = new Map<string, Map<string, { joinedAt: string; type: string; sockets: Set<string> }>>();
  canSubscribe: (identity: Identity, channel: string) => boolean = () => true;
  canPublish: (identity: Identity, channel: string) => boolean = () => true;
  /** Up to so many milliseconds before a message goes out: independent inserts overtake each other. */
  reorderMs = 0;
  url = '';
  acknowledges = true;
  /** False: messages are stored and go nowhere. */
  delivers = true;
  hasPresence = true;
  retentionDays: number | null = null;
  #refusals: string[] = [];
  #answers: PreparedAnswer[] = [];

  constructor() {
    this.http = createServer(
      (request, response) => void this.#rest(request, response).catch((error: unknown) => response.destroy(error as Error)),
    );
    this.io = new Server(this.http, { cors: { origin: true, credentials: true }, maxHttpBufferSize: 1_000_000 });
    this.io.use((socket, next) => {
      this.handshakes.push({ ...socket.handshake.auth });
      const identity = this.#refusals.shift() ?? identify(socket.handshake.auth, socket.id);
      if (typeof identity === 'string') return next(new Error(identity));
      socket.data = identity;
      next();
    });
    this.io.on('connection', (socket) => this.#serve(socket));
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
    return this.url;
  }

  async close(): Promise<void> {
    const closed = this.io.close();
    // A connection that `fetch` keeps alive would be waited for.
    this.http.closeAllConnections();
    await closed;
  }

  define(pattern: string, fields: Partial<Definition> = {}): Definition {
    const now = new Date(Date.now() + this.definitions.length).toISOString();
    const definition = {
      id: randomUUID(),
      pattern,
      description: null,
      webhookUrls: null,
      enabled: true,
      createdAt: now,
      updatedAt: now,
      ...fields,
    };
    this.definitions.push(definition);
    return definition;
  }

  /** The network goes: clients reconnect by themselves. */
  dropAll(): void {
    for (const socket of this.io.sockets.sockets.values()) socket.conn.close();
  }

  /** The server hangs up: clients have to ask to come back. */
  kickAll(): void {
    this.io.disconnectSockets(true);
  }

  refuseNextHandshakes(...messages: string[]): void {
    this.#refusals.push(...messages);
  }

  /** The next REST answers, whatever is asked. */
  answerNext(...answers: PreparedAnswer[]): void {
    this.#answers.push(...answers);
  }

  forgetAnswers(): void {
    this.#answers = [];
  }

  /** To every socket, as the backend could never send it, or could. */
  emitRaw(event: string, ...body: unknown[]): void {
    this.io.emit(event, ...body);
  }

  notifyShutdown(): void {
    const meta = { senderType: 'system', messageId: randomUUID(), timestamp: new Date().toISOString() };
    this.io.emit('notification', { level: 'warning', title: 'Restart', message: 'The backend restarts', meta });
  }

  #find(channel: string): Definition | undefined {
    const enabled = this.definitions.filter((each) => each.enabled);
    return enabled.find(({ pattern }) => pattern === channel) ?? enabled.find(({ pattern }) => matchChannelPattern(pattern, channel));
  }

  #serve(socket: Socket): void {
    socket.on('realtime:subscribe', (request: { channel: string }, answer: (answer: unknown) => void) => {
      const { channel } = schemas.subscribeChannelPayloadSchema.parse(request);
      const error = { code: 'REALTIME_UNAUTHORIZED', message: 'Not authorized to subscribe to this channel' };
      const may = this.#find(channel) && this.canSubscribe(socket.data as Identity, channel);
      if (!may) return this.acknowledges && answer({ ok: false, channel, error });
      void socket.join(channel);
      this.#enter(socket, channel);
      const members = this.#list(channel);
      if (this.acknowledges) answer({ ok: true, channel, ...(this.hasPresence && { presence: { members } }) });
    });
    socket.on('realtime:unsubscribe', (request: unknown) => {
      const { channel } = schemas.unsubscribeChannelPayloadSchema.parse(request);
      void socket.leave(channel);
      this.#exit(socket, channel, socket.to(channel));
    });
    socket.on('realtime:publish', (request: { channel: string; event: string; payload: Record<string, unknown> }) =>
      this.#publish(socket, request),
    );
    socket.on('disconnecting', () => {
      for (const channel of socket.rooms) this.#exit(socket, channel, this.io.to(channel));
    });
  }

  #list(channel: string): unknown[] {
    return [...(this.members.get(channel) ?? [])].map(([presenceId, { type, joinedAt }]) => ({ type, presenceId, joinedAt }));
  }

  #enter(socket: Socket, channel: string): void {
    const { id, type } = socket.data as Identity;
    const room = this.members.get(channel) ?? new Map();
    this.members.set(channel, room);
    const member = room.get(id) ?? { joinedAt: new Date().toISOString(), type, sockets: new Set<string>() };
    const isFirst = member.sockets.size === 0;
    room.set(id, member);
    member.sockets.add(socket.id);
    if (isFirst && this.hasPresence) socket.to(channel).emit('presence:join', this.#presence(channel, id, member));
  }

  #exit(socket: Socket, channel: string, to: { emit: (event: string, body: unknown) => unknown }): void {
    const { id } = socket.data as Identity;
    const room = this.members.get(channel);
    const member = room?.get(id);
    if (!room || !member?.sockets.delete(socket.id) || member.sockets.size > 0) return;
    room.delete(id);
    if (this.hasPresence) to.emit('presence:leave', this.#presence(channel, id, member));
  }

  #presence(channel: string, presenceId: string, { type, joinedAt }: { type: string; joinedAt: string }): unknown {
    const meta = { channel, senderType: 'system', messageId: randomUUID(), timestamp: new Date().toISOString() };
    return { member: { type, presenceId, joinedAt }, meta };
  }

  #publish(socket: Socket, request: { channel: string; event: string; payload: Record<string, unknown> }): void {
    const { channel, event, payload } = request;
    const refuse = (code: string, message: string): void => void socket.emit('realtime:error', { channel, code, message });
    if (!socket.rooms.has(channel)) return refuse('REALTIME_NOT_SUBSCRIBED', 'Subscribe to the channel first');
    const definition = this.#find(channel);
    const identity = socket.data as Identity;
    if (!definition || event === undefined || payload === undefined || !this.canPublish(identity, channel)) {
      return refuse('REALTIME_UNAUTHORIZED', 'Not authorized to publish to this channel');
    }
    const isAdmin = identity.role === 'project_admin';
    const stored: Stored = {
      id: randomUUID(),
      eventName: event,
      channelId: definition.id,
      channelName: channel,
      payload,
      senderType: isAdmin ? 'system' : 'user',
      senderId: identity.role === 'authenticated' ? identity.id : null,
      wsAudienceCount: 0,
      whAudienceCount: definition.webhookUrls?.length ?? 0,
      whDeliveredCount: 0,
      createdAt: new Date(Date.now() + this.messages.length).toISOString(),
    };
    this.messages.push(stored);
    if (!this.delivers) return;
    if (this.reorderMs > 0) setTimeout(() => this.#deliver(stored, definition), Math.random() * this.reorderMs);
    else this.#deliver(stored, definition);
  }

  #deliver(stored: Stored, definition: Definition): void {
    const { channelName: channel, eventName, payload, senderType, senderId, id } = stored;
    const meta = {
      channel: `realtime:${channel}`,
      messageId: id,
      senderType,
      ...(senderId && { senderId }),
      timestamp: new Date().toISOString(),
    };
    if (!socketNames.has(eventName)) {
      stored.wsAudienceCount = this.io.sockets.adapter.rooms.get(channel)?.size ?? 0;
      this.io.to(channel).emit(eventName, { ...(payload as object), meta });
    }
    for (const url of definition.webhookUrls ?? []) void this.#post(url, stored);
  }

  async #post(url: string, stored: Stored): Promise<void> {
    const headers = {
      'content-type': 'application/json',
      'X-InsForge-Event': stored.eventName,
      'X-InsForge-Channel': stored.channelName,
      'X-InsForge-Message-Id': stored.id,
    };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(stored.payload) }).catch(() => undefined);
    if (response?.ok) stored.whDeliveredCount += 1;
  }

  async #rest(request: IncomingMessage, response: import('node:http').ServerResponse): Promise<void> {
    if (request.url?.startsWith('/socket.io/')) return;
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'http://double');
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const send = (status: number, body: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const fail = (status: number, error: string, message: string): void => send(status, { error, message, statusCode: status });
    const prepared = this.#answers.shift();
    let body: unknown;
    try {
      body = text === '' ? undefined : JSON.parse(text);
    } catch {
      return fail(400, 'INVALID_INPUT', 'Malformed JSON');
    }
    this.requests.push({ method, path: url.pathname + url.search, headers, body });
    if (prepared) return sendPrepared(response, prepared);
    if (url.pathname === '/api/health')
      return send(200, { status: 'ok', version: '2.3.1', service: 'insforge', timestamp: new Date().toISOString() });
    const refused = refusalOf(headers);
    if (refused) return fail(...refused);
    try {
      this.#route(method, url, body, send, fail);
    } catch (error) {
      const issues = (error as { issues?: { path: PropertyKey[]; message: string }[] }).issues;
      if (!issues) throw error;
      const code = url.pathname.endsWith('/channels') || method === 'PUT' ? 'REALTIME_INVALID_CHANNEL_REQUEST' : 'INVALID_INPUT';
      fail(400, code, issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join(', '));
    }
  }

  #route(
    method: string,
    url: URL,
    body: unknown,
    send: (status: number, body: unknown) => void,
    fail: (status: number, error: string, message: string) => void,
  ): void {
    const [, , , resource = '', id] = url.pathname.split('/');
    const query = Object.fromEntries(url.searchParams);
    switch (`${method} ${id === undefined ? resource : `${resource}/${resource === 'channels' ? ':id' : id}`}`) {
      case 'GET channels':
        return send(
          200,
          [...this.definitions].sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
        );
      case 'POST channels': {
        const fields = schemas.createChannelRequestSchema.parse(body);
        if (!isValidChannelPattern(fields.pattern)) return fail(400, 'REALTIME_INVALID_CHANNEL_PATTERN', 'The pattern is not valid');
        if (this.definitions.some(({ pattern }) => pattern === fields.pattern))
          return fail(409, 'DATABASE_DUPLICATE', 'The pattern exists already');
        const { description = '', webhookUrls = null, ...rest } = fields;
        return send(201, this.define(fields.pattern, { ...rest, description: description === '' ? null : description, webhookUrls }));
      }
      case 'GET channels/:id':
      case 'PUT channels/:id':
      case 'DELETE channels/:id': {
        if (!/^[\da-f-]{36}$/.test(id ?? '')) return fail(500, 'INTERNAL_ERROR', 'invalid input syntax for type uuid');
        const at = this.definitions.findIndex((each) => each.id === id);
        const found = this.definitions[at];
        if (!found) return fail(404, 'REALTIME_CHANNEL_NOT_FOUND', 'Channel not found');
        if (method === 'PUT') Object.assign(found, schemas.updateChannelRequestSchema.parse(body), { updatedAt: new Date().toISOString() });
        if (method !== 'DELETE') return send(200, found);
        this.definitions.splice(at, 1);
        for (const message of this.messages) if (message.channelId === id) message.channelId = null;
        return send(200, { message: 'Channel deleted' });
      }
      case 'GET messages': {
        const { channelId, eventName, limit, offset } = schemas.listMessagesRequestSchema.parse(query);
        const found = this.messages.filter(
          (each) => (!channelId || each.channelId === channelId) && (!eventName || each.eventName === eventName),
        );
        return send(200, found.reverse().slice(offset, offset + limit));
      }
      case 'DELETE messages':
        return send(200, { deleted: this.messages.splice(0).length });
      case 'GET messages/stats': {
        const { channelId, since } = schemas.messageStatsRequestSchema.parse(query);
        const found = this.messages.filter(
          (each) => (!channelId || each.channelId === channelId) && (!since || new Date(each.createdAt) > since),
        );
        const counts = new Map<string, number>();
        for (const { eventName } of found) counts.set(eventName, (counts.get(eventName) ?? 0) + 1);
        const topEvents = [...counts].map(([eventName, count]) => ({ eventName, count })).slice(0, 10);
        return send(200, { totalMessages: found.length, whDeliveryRate: 0, topEvents, retentionDays: this.retentionDays });
      }
      case 'GET permissions': {
        const policy = {
          policyName: 'own_boards',
          tableName: 'channels',
          command: 'SELECT',
          roles: '{authenticated,"team lead"}',
          using: 'true',
          withCheck: null,
        };
        return send(200, { subscribe: { policies: [policy] }, publish: { policies: [{ ...policy, roles: ['anon'] }] } });
      }
      case 'GET config':
        return send(200, { retentionDays: this.retentionDays });
      case 'PATCH config':
        this.retentionDays = schemas.updateRealtimeConfigRequestSchema.parse(body).retentionDays;
        return send(200, { message: 'Realtime config updated' });
      default:
        return fail(404, 'NOT_FOUND', `Unknown route: ${method} ${url.pathname}`);
    }
  }
}

/** The credentials of a handshake, in the order in which the backend looks at them; a text is the refusal. */
function identify(auth: Record<string, unknown>, socketId: string): Identity | string {
  if (auth['apiKey'] !== undefined)
    return auth['apiKey'] === apiKey ? { type: 'anonymous', id: socketId, role: 'project_admin' } : 'Invalid API key';
  const token = auth['token'];
  if (typeof token !== 'string' || token === '') return 'No authentication provided';
  if (token.startsWith('anon_')) return token === anonKey ? { type: 'anonymous', id: socketId, role: 'anon' } : 'Invalid anon key';
  const claims = decodeJwt(token);
  if (!claims || Number(claims['exp']) * 1000 < Date.now()) return 'Invalid token';
  return { type: 'user', id: String(claims['sub']), role: typeof claims['role'] === 'string' ? claims['role'] : 'authenticated' };
}

function refusalOf(headers: IncomingMessage['headers']): [number, string, string] | undefined {
  const bearer = headers.authorization?.replace(/^Bearer /, '');
  const credential = headers['x-api-key'] ?? bearer;
  if (typeof credential !== 'string') return [401, 'AUTH_INVALID_CREDENTIALS', 'No credentials'];
  if (credential === apiKey) return undefined;
  if (credential.startsWith('ik_')) return [401, 'AUTH_INVALID_API_KEY', 'Invalid API key'];
  const identity = identify({ token: credential }, '');
  if (typeof identity === 'string' || identity.role === 'anon') return [401, 'AUTH_UNAUTHORIZED', 'Invalid token'];
  return identity.role === 'project_admin' ? undefined : [403, 'AUTH_UNAUTHORIZED', 'Project admin access required'];
}
