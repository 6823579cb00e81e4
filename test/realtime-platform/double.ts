// The Realtime Platform as a server in the test process, made from its public documentation alone: the real system cannot be run. It proves that
// the adapter follows the documentation, not that the documentation follows the system. What is assumed comes from the adapter's own table of
// assumptions, so that a test can run both with other names. Every request is checked by a schema.

import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Ajv, type ValidateFunction } from 'ajv';
import { Server, type Socket } from 'socket.io';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';

import { decodeJwt } from '../../src/rooms/jwt.ts';
import { assumedWire, type Wire } from '../../src/realtime-platform/wire.ts';
import { type PreparedAnswer, sendPrepared } from '../support/bad-answers.ts';

const text = z.string().min(1);
const anyRecord = z.record(z.string(), z.unknown());
const mapping = z.strictObject({
  table: text,
  topic: text,
  events: z.array(text),
  triggerColumns: z.array(text).optional(),
  payload: anyRecord.optional(),
  when: anyRecord.optional(),
  environment: text.optional(),
});
const revision = z.number().int().optional();
const mutation = z.union([
  z.strictObject({ op: z.literal('set'), path: z.string(), value: z.unknown() }),
  z.strictObject({ op: z.literal('increment'), path: z.string(), value: z.number() }),
]);
const none = z.undefined();

/** The body that each route takes. */
const bodies: Readonly<Record<string, z.ZodType>> = {
  'POST /auth/token': z.strictObject({ applicationId: text, permissions: z.array(text) }),
  'POST /auth/verify': z.strictObject({ token: text }),
  'POST /api/topics': z.strictObject({ name: z.string().regex(/^[a-z0-9.]+$/), description: z.string(), owner: z.string() }),
  'PATCH /api/topics/:id': z.strictObject({
    description: text.optional(),
    owner: text.optional(),
    activeSchemaVersion: z.number().optional(),
  }),
  'POST /api/schemas/:id': z.strictObject({ schema: anyRecord, compatibilityMode: z.enum(['backward', 'none']).optional() }),
  'POST /api/schemas/:id/validate': z.strictObject({ payload: z.unknown() }),
  'POST /api/database/mappings': mapping,
  'PATCH /api/database/mappings/:id': mapping.partial(),
  'POST /api/database/mappings/:id/versions': z.strictObject({ environment: text }),
  'POST /api/database/mappings/:id/promote': z.strictObject({ environment: text }),
  'POST /api/database/subscriptions': z.strictObject({ mappingId: text }),
  'POST /api/sync/:id/documents': z.strictObject({ data: z.unknown(), id: text.optional(), expiresAt: z.number().optional() }),
  'PUT /api/sync/:id/documents/:id': z.strictObject({ data: z.unknown(), expectedRevision: revision }),
  'PATCH /api/sync/:id/documents/:id/merge': z.strictObject({ data: anyRecord, expectedRevision: revision }),
  'POST /api/sync/:id/documents/:id/mutate': z.strictObject({ mutations: z.array(mutation), expectedRevision: revision }),
  'POST /api/services': z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9_-]*$/), description: z.string().optional() }),
  'PATCH /api/services/:id': z.strictObject({ name: text.optional(), description: z.string().optional() }),
  'POST /api/socket/broadcast': z.strictObject({ channel: text, event: text, data: z.unknown() }),
  'POST /api/webhooks': z.strictObject({ url: z.url(), secret: text, events: z.array(text) }),
  'POST /api/debugger/traces/:id/replay': anyRecord,
  'POST /api/admin/signing-keys': anyRecord,
};

export interface Doc {
  service: string;
  id: string;
  revision: number;
  data: Record<string, unknown>;
  createdAt: number;
  updatedAt: number;
  deleted?: boolean;
  expiresAt?: number;
}

type Row = Record<string, unknown> & { id: string };
type Answer = readonly [status: number, body?: unknown];

/** Everything of one application in one environment. */
class Space {
  readonly topics = new Map<string, Row>();
  readonly schemas = new Map<string, Row[]>();
  readonly mappings = new Map<string, Row>();
  readonly versions = new Map<string, Row[]>();
  readonly subscriptions = new Map<string, Row>();
  readonly services = new Map<string, Row>();
  readonly documents = new Map<string, Doc>();
  readonly webhooks = new Map<string, Row>();
}

export function platformToken(
  level: 'admin' | 'service' | 'client' = 'service',
  { expiresInMs = 3_600_000, app = 'app_demo' } = {},
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', kid: 'k1' })}.${part({ sub: 'svc', aud: app, iss: 'platform', jti: randomUUID(), exp: (Date.now() + expiresInMs) / 1000, permissions: [level] })}`;
  return `${body}.${createHmac('sha256', 'test').update(body).digest('base64url')}`;
}

export class PlatformDouble {
  readonly http: HttpServer;
  readonly io: Server;
  readonly ws = new WebSocketServer({ noServer: true });
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers']; body: unknown }[] = [];
  readonly handshakes: Record<string, unknown>[] = [];
  readonly subscribes: Record<string, unknown>[] = [];
  readonly unsubscribes: Record<string, unknown>[] = [];
  readonly spaces = new Map<string, Space>();
  readonly members = new Map<string, Map<string, number>>();
  wire: Wire = assumedWire;
  /** A1: how a subscription is confirmed. */
  confirms: 'object' | 'text' | 'event' | 'silent' = 'object';
  acknowledgesJoins = true;
  canJoin: (channel: string) => boolean = () => true;
  pongs = true;
  url = '';
  #answers: (PreparedAnswer & { afterwards?: boolean })[] = [];
  #refusals = 0;
  #count = 0;
  readonly #plain = new Map<WebSocket, Map<string, Record<string, unknown>>>();
  readonly #ajv = new Ajv();

  constructor() {
    this.http = createServer(
      (request, response) => void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error)),
    );
    this.io = new Server(this.http, { cors: { origin: true } });
    this.io.use((socket, next) => {
      const { auth } = socket.handshake;
      this.handshakes.push({ ...auth });
      if (this.#refusals > 0) this.#refusals--;
      else if (isGood(auth['token'] ?? auth['jwt'])) return next();
      next(new Error('Unauthorized'));
    });
    this.io.on('connection', (socket) => this.#connected(socket));
    this.http.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://double');
      if (url.pathname !== '/ws') return;
      this.handshakes.push({ token: url.searchParams.get('token') });
      this.ws.handleUpgrade(request, socket, head, (client) => {
        if (this.#refusals > 0) this.#refusals--;
        else if (isGood(url.searchParams.get('token'))) return this.#plainConnected(client);
        client.close(4401, 'Unauthorized');
      });
    });
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    return (this.url = `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    for (const client of this.#plain.keys()) client.terminate();
    const closed = this.io.close();
    // A connection that `fetch` keeps alive would be waited for.
    this.http.closeAllConnections();
    await closed;
  }

  space(app = 'app_demo', environment = 'development'): Space {
    const key = `${app} ${environment}`;
    const known = this.spaces.get(key) ?? new Space();
    this.spaces.set(key, known);
    return known;
  }

  answerNext(...answers: (PreparedAnswer & { afterwards?: boolean })[]): void {
    this.#answers.push(...answers);
  }

  forgetAnswers(): void {
    this.#answers = [];
  }

  refuseNextHandshakes(count: number): void {
    this.#refusals = count;
  }

  dropAll(): void {
    for (const socket of this.io.sockets.sockets.values()) socket.conn.close();
    for (const client of this.#plain.keys()) client.terminate();
  }

  emitRaw(event: string, ...body: unknown[]): void {
    this.io.emit(event, ...body);
    for (const client of this.#plain.keys()) client.send(JSON.stringify({ type: event, ...(body[0] as object) }));
  }

  sendPlain(frame: string | Buffer): void {
    for (const client of this.#plain.keys()) client.send(frame);
  }

  /** Something happened in the application's domain. */
  event(topic: string, payload: unknown, fields: Record<string, unknown> = {}): void {
    const event = { topic, type: 'changed', source: 'database', payload, ...fields };
    for (const socket of this.io.sockets.sockets.values()) {
      for (const { topic: of, filter = {} } of (socket.data as Map<string, { topic: string; filter?: Record<string, unknown> }>).values()) {
        if (of === topic && Object.entries(filter).every(([key, value]) => (payload as Record<string, unknown>)[key] === value))
          socket.emit('event', event);
      }
    }
    for (const [client, subscriptions] of this.#plain) {
      if ([...subscriptions.values()].some((each) => each['topic'] === topic))
        client.send(JSON.stringify({ type: 'event', topic, data: payload }));
    }
  }

  #connected(socket: Socket): void {
    const subscriptions = new Map<string, { topic: string; filter?: Record<string, unknown> }>();
    socket.data = subscriptions;
    const { join, leave, publish, direct, message } = this.wire.channel;
    socket.on('subscribe', (request: { topic: string }, answer?: (value: unknown) => void) => {
      const subscriptionId = `sub_${++this.#count}x`;
      this.subscribes.push(request);
      if (request.topic === 'forbidden') return answer?.({ error: 'ForbiddenError', message: 'No such topic for you' });
      subscriptions.set(subscriptionId, request);
      if (this.confirms === 'object') answer?.({ subscriptionId });
      if (this.confirms === 'text') answer?.(subscriptionId);
      if (this.confirms === 'event') socket.emit('subscribed', { subscriptionId, topic: request.topic });
    });
    socket.on('unsubscribe', (request: Record<string, unknown>) => {
      this.unsubscribes.push(request);
      subscriptions.delete(String(request['subscriptionId']));
    });
    socket.on(join, ({ channel }: { channel: string }, answer?: (value: unknown) => void) => {
      if (!this.canJoin(channel)) return answer?.({ error: 'ForbiddenError', message: `You may not join ${channel}` });
      void socket.join(channel);
      const joinedAt = Date.now();
      const room = this.members.get(channel) ?? new Map<string, number>();
      this.members.set(channel, room.set(socket.id, joinedAt));
      socket.to(channel).emit(this.wire.channel.presenceJoin, { channel, socketId: socket.id, joinedAt });
      if (this.acknowledgesJoins) answer?.({ ok: true });
    });
    socket.on(leave, ({ channel }: { channel: string }) => this.#leave(socket, channel));
    socket.on(publish, (request: { channel: string; event: string; data: unknown }) => {
      if (socket.rooms.has(request.channel))
        this.io.to(request.channel).emit(message, { ...request, socketId: socket.id, timestamp: Date.now() });
    });
    socket.on(direct, ({ targetSocketId, event, data }: Record<string, string>) => {
      this.io.to(targetSocketId ?? '').emit(message, { event, data, socketId: socket.id });
    });
    socket.on('disconnecting', () => {
      for (const channel of socket.rooms) this.#leave(socket, channel);
    });
  }

  #leave(socket: Socket, channel: string): void {
    void socket.leave(channel);
    if (this.members.get(channel)?.delete(socket.id))
      socket.to(channel).emit(this.wire.channel.presenceLeave, { channel, socketId: socket.id });
  }

  #plainConnected(client: WebSocket): void {
    const subscriptions = new Map<string, Record<string, unknown>>();
    this.#plain.set(client, subscriptions);
    client.on('close', () => this.#plain.delete(client));
    client.on('message', (data) => {
      const frame = JSON.parse((data as Buffer).toString()) as Record<string, unknown>;
      if (frame['type'] === 'ping' && this.pongs) client.send(JSON.stringify({ type: 'pong' }));
      if (frame['type'] === 'unsubscribe') {
        this.unsubscribes.push(frame);
        subscriptions.delete(String(frame['subscriptionId']));
      }
      if (frame['type'] !== 'subscribe') return;
      const subscriptionId = `sub_${++this.#count}p`;
      this.subscribes.push(frame);
      subscriptions.set(subscriptionId, frame);
      client.send(JSON.stringify({ type: 'subscribed', subscriptionId, topic: frame['topic'] }));
    });
  }

  async #serve(request: IncomingMessage, response: import('node:http').ServerResponse): Promise<void> {
    if (request.url?.startsWith('/socket.io/')) return;
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'http://double');
    let raw = '';
    for await (const chunk of request) raw += String(chunk);
    const body: unknown = raw === '' ? undefined : JSON.parse(raw);
    this.requests.push({ method, path: url.pathname + url.search, headers, body });
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    response.setHeader('access-control-allow-methods', '*');
    if (url.pathname === '/silent') return;
    if (method === 'OPTIONS') return void response.writeHead(204).end();
    const prepared = this.#answers.shift();
    // `afterwards`: carried out, and the answer lost.
    const [status, answer] = prepared && !prepared.afterwards ? [0] : this.#answer(method, url, headers, body);
    if (prepared) return sendPrepared(response, prepared);
    response.writeHead(status, { 'content-type': typeof answer === 'string' ? 'text/plain' : 'application/json' });
    response.end(typeof answer === 'string' ? answer : answer === undefined ? '' : JSON.stringify(answer));
  }

  #answer(method: string, url: URL, headers: IncomingMessage['headers'], body: unknown): Answer {
    if (url.pathname === '/health') return [200, { status: 'ok' }];
    if (url.pathname === '/api/metrics/prometheus') return [200, metrics];
    const session = headers['x-session-token'] ?? (headers.authorization?.startsWith('Bearer ') ? undefined : headers.authorization);
    const token = headers.authorization?.replace(/^Bearer /, '');
    if (session !== 'session_1' && !isGood(token)) return [401, { error: 'UnauthorizedError', message: 'Missing or invalid credentials' }];
    const level = session === undefined ? (decodeJwt(token ?? '')?.['permissions'] as string[])[0] : 'admin';
    if (level === 'client' && method !== 'GET') return [403, { error: 'ForbiddenError', message: 'The token may not write' }];
    const app = headers['x-application-id'];
    if (url.pathname.startsWith('/api/') && typeof app !== 'string')
      return [400, { error: 'ValidationError', message: 'X-Application-Id is missing' }];
    const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const space = this.space(app as string, (headers['x-environment'] as string | undefined) ?? 'development');
    const found = routes.find(([pattern]) => matches(pattern, method, parts));
    if (!found) return [404, { error: 'NotFoundError', message: `Unknown route: ${method} ${url.pathname}` }];
    const [route, run] = found;
    const checked = (bodies[route] ?? none).safeParse(body);
    if (!checked.success) return [400, { error: 'ValidationError', message: checked.error.message }];
    const ids = parts.filter((_part, at) => route.split(' ')[1]?.split('/')[at + 1] === ':id');
    const context = {
      space,
      app: app as string,
      environment: (headers['x-environment'] as string | undefined) ?? 'development',
      ids,
      body: (body ?? {}) as Body,
      query: url.searchParams,
      double: this,
    };
    return run(context);
  }

  compile(schema: object): ValidateFunction {
    return this.#ajv.compile(schema);
  }

  channels(): { name: string; memberCount: number }[] {
    return [...this.members].filter(([, room]) => room.size > 0).map(([name, room]) => ({ name, memberCount: room.size }));
  }
}

/** The fields that routes read; each was checked by the schema of its route. */
interface Body {
  readonly name: string;
  readonly schema: Record<string, unknown>;
  readonly compatibilityMode?: string;
  readonly payload: unknown;
  readonly environment: string;
  readonly mappingId: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
  readonly expectedRevision?: number;
  readonly expiresAt?: number;
  readonly mutations: readonly { readonly op: string; readonly path: string; readonly value: unknown }[];
  readonly channel: string;
  readonly token: string;
  readonly applicationId: string;
}

interface Context {
  readonly space: Space;
  readonly app: string;
  readonly environment: string;
  readonly ids: readonly string[];
  readonly body: Body;
  readonly query: URLSearchParams;
  readonly double: PlatformDouble;
}

const missing = (what: string): Answer => [404, { error: 'NotFoundError', message: `${what} not found` }];
const row = (rows: Map<string, Row>, id = '', what = 'It'): Answer => (rows.has(id) ? [200, rows.get(id)] : missing(what));

function patch(rows: Map<string, Row>, id = '', changes: object): Answer {
  const found = rows.get(id);
  return found ? [200, Object.assign(found, changes)] : missing('It');
}

function remove(rows: Map<string, Row>, id = '', status = 200): Answer {
  return rows.delete(id) ? [status, status === 204 ? undefined : { ok: true }] : missing('It');
}

function changed(
  { space, ids: [service = '', id = ''], body, double }: Context,
  change: (data: Record<string, unknown>) => Record<string, unknown>,
): Answer {
  const doc = space.documents.get(`${service}/${id}`);
  if (!doc || doc.deleted) return missing('Document');
  const expected = body.expectedRevision;
  if (expected !== undefined && expected !== doc.revision) {
    return [409, { error: 'ConflictError', message: `revision ${expected} expected, ${doc.revision} found` }];
  }
  Object.assign(doc, { data: change(doc.data), revision: doc.revision + 1, updatedAt: Date.now() });
  double.event(`sync.${service}.updated`, { id, revision: doc.revision, data: doc.data }, { source: 'sync' });
  return [200, doc];
}

function deepMerge(data: unknown, patchOf: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...(data as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patchOf)) {
    merged[key] =
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? deepMerge(merged[key], value as Record<string, unknown>)
        : value;
  }
  return merged;
}

const routes: readonly (readonly [string, (context: Context) => Answer])[] = [
  [
    'POST /auth/token',
    ({ body }) => [200, { token: platformToken('service', { app: body.applicationId }), expiresAt: Date.now() + 3_600_000 }],
  ],
  ['POST /auth/verify', ({ body }) => [200, { valid: isGood(body.token) }]],
  ['GET /api/topics', ({ space }) => [200, [...space.topics.values()]]],
  [
    'POST /api/topics',
    ({ space, body, app, environment }) => {
      if (space.topics.has(body.name)) return [409, { error: 'ConflictError', message: 'The topic exists' }];
      const topic = {
        ...(body as object),
        id: body.name,
        activeSchemaVersion: null,
        applicationId: app,
        environment,
        createdAt: Date.now(),
      };
      space.topics.set(body.name, topic);
      return [201, topic];
    },
  ],
  ['GET /api/topics/:id', ({ space, ids }) => row(space.topics, ids[0], 'Topic')],
  ['PATCH /api/topics/:id', ({ space, ids, body }) => patch(space.topics, ids[0], body)],
  ['DELETE /api/topics/:id', ({ space, ids }) => remove(space.topics, ids[0])],
  ['GET /api/schemas/:id/versions', ({ space, ids }) => [200, space.schemas.get(ids[0] ?? '') ?? []]],
  [
    'GET /api/schemas/:id/latest',
    ({ space, ids }) => {
      const last = space.schemas.get(ids[0] ?? '')?.at(-1);
      return last ? [200, last] : missing('Schema');
    },
  ],
  [
    'GET /api/schemas/:id/versions/:id',
    ({ space, ids }) => {
      const found = space.schemas.get(ids[0] ?? '')?.[Number(ids[1]) - 1];
      return found ? [200, found] : missing('Schema');
    },
  ],
  [
    'POST /api/schemas/:id',
    ({ space, ids: [topic = ''], body, double }) => {
      const all = space.schemas.get(topic) ?? [];
      const { schema, compatibilityMode = 'backward' } = body;
      try {
        double.compile(schema);
      } catch (error) {
        return [400, { error: 'ValidationError', message: (error as Error).message }];
      }
      const before = (all.at(-1)?.['schema'] as { required?: string[] } | undefined)?.required ?? [];
      const added = ((schema['required'] as string[] | undefined) ?? []).filter((field) => !before.includes(field));
      if (all.length > 0 && compatibilityMode === 'backward' && added.length > 0) {
        return [400, { error: 'CompatibilityError', message: `Not backward compatible: ${added.join(', ')} became required` }];
      }
      const version = {
        id: `${topic}@${all.length + 1}`,
        topic,
        version: all.length + 1,
        schema,
        compatibilityMode,
        createdAt: Date.now(),
      };
      space.schemas.set(topic, [...all, version]);
      return [201, version];
    },
  ],
  [
    'POST /api/schemas/:id/validate',
    ({ space, ids: [topic = ''], body, double }) => {
      const last = space.schemas.get(topic)?.at(-1);
      if (!last) return missing('Schema');
      const validate = double.compile(last['schema'] as object);
      return [200, validate(body.payload) ? { valid: true } : { valid: false, errors: validate.errors }];
    },
  ],
  ['GET /api/database/mappings', ({ space }) => [200, [...space.mappings.values()]]],
  [
    'POST /api/database/mappings',
    ({ space, body }) => {
      const made: Row = { ...body, id: `map_${space.mappings.size + 1}` };
      space.mappings.set(made.id, made);
      return [201, made];
    },
  ],
  [
    'GET /api/database/mappings/status',
    ({ space, environment }) => [
      200,
      [...space.mappings.values()].map(({ id, table, topic }) => ({
        id,
        table,
        topic,
        environments: { [environment]: { version: 1, active: true } },
      })),
    ],
  ],
  ['GET /api/database/mappings/topic/:id', ({ space, ids }) => [200, [...space.mappings.values()].filter(({ topic }) => topic === ids[0])]],
  ['GET /api/database/mappings/:id', ({ space, ids }) => row(space.mappings, ids[0], 'Mapping')],
  ['PATCH /api/database/mappings/:id', ({ space, ids, body }) => patch(space.mappings, ids[0], body)],
  ['DELETE /api/database/mappings/:id', ({ space, ids }) => remove(space.mappings, ids[0])],
  ['GET /api/database/mappings/:id/versions', ({ space, ids }) => [200, space.versions.get(ids[0] ?? '') ?? []]],
  [
    'POST /api/database/mappings/:id/versions',
    ({ space, ids: [id = ''], body }) => {
      const all = space.versions.get(id) ?? [];
      const made: Row = { id, version: all.length + 1, environment: body.environment };
      space.versions.set(id, [...all, made]);
      return [201, made];
    },
  ],
  [
    'POST /api/database/mappings/:id/promote',
    ({ space, ids, body }) => (space.mappings.has(ids[0] ?? '') ? [200, { promoted: body.environment }] : missing('Mapping')),
  ],
  ['GET /api/database/subscriptions', ({ space }) => [200, [...space.subscriptions.values()]]],
  [
    'POST /api/database/subscriptions',
    ({ space, body }) => {
      const made: Row = { id: `dbsub_${space.subscriptions.size + 1}`, mappingId: body.mappingId, active: false };
      space.subscriptions.set(made.id, made);
      return [201, made];
    },
  ],
  ['POST /api/database/subscriptions/:id/activate', ({ space, ids }) => patch(space.subscriptions, ids[0], { active: true })],
  ['POST /api/database/subscriptions/:id/deactivate', ({ space, ids }) => patch(space.subscriptions, ids[0], { active: false })],
  [
    'POST /api/sync/:id/documents',
    ({ space, ids: [service = ''], body, double }) => {
      const id = body.id ?? `doc_${randomUUID().slice(0, 8)}`;
      if (space.documents.has(`${service}/${id}`)) return [409, { error: 'ConflictError', message: 'The document exists' }];
      const now = Date.now();
      const doc: Doc = {
        service,
        id,
        revision: 1,
        data: body.data,
        createdAt: now,
        updatedAt: now,
        ...(body.expiresAt !== undefined && { expiresAt: body.expiresAt }),
      };
      space.documents.set(`${service}/${id}`, doc);
      double.event(`sync.${service}.created`, { id, revision: 1, data: doc.data }, { source: 'sync' });
      return [201, doc];
    },
  ],
  [
    'GET /api/sync/:id/documents/:id',
    ({ space, ids }) => {
      const doc = space.documents.get(ids.join('/'));
      return doc ? [200, doc] : missing('Document');
    },
  ],
  ['PUT /api/sync/:id/documents/:id', (context) => changed(context, () => context.body.data)],
  ['PATCH /api/sync/:id/documents/:id/merge', (context) => changed(context, (data) => deepMerge(data, context.body.data))],
  [
    'POST /api/sync/:id/documents/:id/mutate',
    (context) =>
      changed(context, (data) => {
        const next = structuredClone(data);
        for (const { op, path, value } of context.body.mutations) {
          const key = path.slice(1);
          next[key] = op === 'set' ? value : Number(next[key] ?? 0) + Number(value);
        }
        return next;
      }),
  ],
  [
    'DELETE /api/sync/:id/documents/:id',
    ({ space, ids, double }) => {
      const doc = space.documents.get(ids.join('/'));
      if (!doc) return missing('Document');
      doc.deleted = true;
      double.event(`sync.${doc.service}.deleted`, { id: doc.id, revision: ++doc.revision, deleted: true }, { source: 'sync' });
      return [200, { ok: true }];
    },
  ],
  ['GET /api/services', ({ space }) => [200, { services: [...space.services.values()] }]],
  [
    'POST /api/services',
    ({ space, body, app }) => {
      if ([...space.services.values()].some(({ name }) => name === body.name))
        return [409, { error: 'ConflictError', message: 'The service exists' }];
      const now = new Date().toISOString();
      const made: Row = { ...body, id: `svc_${space.services.size + 1}`, applicationId: app, createdAt: now, updatedAt: now };
      space.services.set(made.id, made);
      return [201, made];
    },
  ],
  ['GET /api/services/:id', ({ space, ids }) => row(space.services, ids[0], 'Service')],
  ['PATCH /api/services/:id', ({ space, ids, body }) => patch(space.services, ids[0], body)],
  ['DELETE /api/services/:id', ({ space, ids }) => remove(space.services, ids[0], 204)],
  ['GET /api/socket/channels', ({ double }) => [200, double.channels()]],
  [
    'GET /api/socket/channels/:id/members',
    ({ double, ids }) => [200, [...(double.members.get(ids[0] ?? '') ?? [])].map(([socketId, joinedAt]) => ({ socketId, joinedAt }))],
  ],
  ['GET /api/socket/connections', ({ double }) => [200, { count: double.io.sockets.sockets.size }]],
  [
    'POST /api/socket/broadcast',
    ({ double, body }) => {
      double.io.to(body.channel).emit(double.wire.channel.message, { ...(body as object), timestamp: new Date().toISOString() });
      return [200, { ok: true }];
    },
  ],
  ['GET /api/webhooks', ({ space }) => [200, [...space.webhooks.values()]]],
  [
    'POST /api/webhooks',
    ({ space, body, app }) => {
      const { secret: _secret, ...rest } = body as unknown as Record<string, unknown>;
      const made: Row = { ...rest, id: `wh_${space.webhooks.size + 1}`, active: true, applicationId: app, createdAt: Date.now() };
      space.webhooks.set(made.id, made);
      return [201, made];
    },
  ],
  [
    'GET /api/webhooks/logs',
    ({ query }) => [
      200,
      [
        {
          id: 'd1',
          webhookId: 'wh_1',
          event: query.get('event') ?? 'socket.message',
          url: 'https://example.com',
          statusCode: 200,
          success: true,
          attempts: 1,
          deliveredAt: Date.now(),
        },
      ],
    ],
  ],
  ['POST /api/webhooks/:id/activate', ({ space, ids }) => patch(space.webhooks, ids[0], { active: true })],
  ['POST /api/webhooks/:id/deactivate', ({ space, ids }) => patch(space.webhooks, ids[0], { active: false })],
  ['DELETE /api/webhooks/:id', ({ space, ids }) => remove(space.webhooks, ids[0])],
  ['GET /api/debugger/traces', ({ query }) => [200, [{ id: 'tr_1', topic: query.get('topic') }]]],
  ['GET /api/debugger/traces/:id', ({ ids }) => [200, { id: ids[0], steps: [] }]],
  ['POST /api/debugger/traces/:id/replay', ({ ids }) => [200, { replayed: ids[0] }]],
  ['GET /api/admin/signing-keys', () => [200, [{ id: 'k1', active: true }]]],
  ['POST /api/admin/signing-keys', () => [201, { id: 'k2' }]],
  ['POST /api/admin/signing-keys/:id/rotate', ({ ids }) => [200, { rotated: ids[0] }]],
  ['DELETE /api/admin/signing-keys/:id', () => [204]],
];

function matches(route: string, method: string, parts: readonly string[]): boolean {
  const [verb, path = ''] = route.split(' ');
  const wanted = path.split('/').slice(1);
  return verb === method && wanted.length === parts.length && wanted.every((part, at) => part === ':id' || part === parts[at]);
}

function isGood(token: unknown): boolean {
  if (typeof token !== 'string') return false;
  const [head, body, signature] = token.split('.');
  const isSigned = createHmac('sha256', 'test').update(`${head}.${body}`).digest('base64url') === signature;
  return isSigned && Number(decodeJwt(token)?.['exp']) * 1000 > Date.now();
}

const metrics = `# HELP events_total Events routed.
# TYPE events_total counter
events_total{topic="order.changed",app="a\\"b\\\\c\\n"} 12 1790000000000
# TYPE latency_ms histogram
latency_ms_bucket{le="5"} 3
latency_ms_bucket{le="+Inf"} 4
latency_ms_sum 17.5
latency_ms_count 4
up 1
`;
