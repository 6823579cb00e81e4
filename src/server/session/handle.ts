// Dispatches the messages of a ready session by op. Each op is a few lines that call one part of the app. Exceptions become the `error`
// response of the message.

import type { ClientMessage, ClientOp } from '../../protocol/client-message.ts';
import type { InstantAPIError } from '../../errors.ts';
import { positionOf } from '../queries/refresh.ts';
import type { WireResult } from '../../protocol/query-result.ts';
import type { ResultShape } from '../queries/prepared-query.ts';
import type { Added } from '../queries/query-request.ts';
import { echo, handleDurable, type SessionContext } from './session-context.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { Outcome } from '../data/ledger.ts';
import type { Steps } from '../data/write.ts';
import type { Subscriber } from './subscriber.ts';
import type { Event } from '../storage/storage.ts';
import { busy, failure, invalid, overLimit } from '../errors.ts';
import { queryKey } from '../../query/key.ts';
import { checkStatus } from './app-status.ts';
import { sessionScope } from '../data/rejections.ts';
import { stepLimit } from '../limits.ts';
import { sizeOfEntry } from '../storage/entry-size.ts';
import { aboutOf } from './message-head.ts';
import { noSubscription } from './tolerant-fields.ts';
import { startStream, subscribeStream } from '../streams/stream-ops.ts';

type MessageOf<Op extends ClientOp> = Extract<ClientMessage, { readonly op: Op }>;
type Handlers = { readonly [Op in ClientOp]: (message: MessageOf<Op>, context: SessionContext) => void };

/** @throws InstantAPIError */
export function handle(message: ClientMessage, here: SessionContext): void {
  checkStatus(message.op, here.app.status, here.subscriber.actor.isAdmin);
  const run = handlers[message.op] as (message: ClientMessage, context: SessionContext) => void;
  run(message, here);
}

const handlers: Handlers = {
  init: (message, { subscriber }) => {
    throw invalid('init', aboutOf(message, subscriber.id)['original-event'], [{ message: 'the session is ready already' }]);
  },

  'add-query': (message, context) => watch(message, context, message['return-type'] ?? 'join-rows'),

  // In the order of the requests: an earlier 'add-query' may be waiting for the data to be durable.
  'remove-query': (message, context) =>
    handleDurable(message, context, () => {
      const { app, subscriber, send } = context;
      const key = queryKey(message.q);
      releaseQuery(context, key);
      app.subscriptions.remove(subscriber, key);
      send({ op: 'remove-query-ok', ...echo(message), q: message.q });
    }),

  transact: (message, context) => {
    const { app, subscriber, pending } = context;
    if (pending.size >= app.limits.pendingWrites) throw busy('Too many writes wait for their answer');
    const bytes = sizeOfEntry(message['tx-steps']);
    const release = holdWrite(context, bytes);
    pending.add(message);
    app.ledger.write({
      steps: stepsOf(message, stepLimit(app.limits, subscriber.actor.isAdmin)),
      event: eventOf(message, subscriber),
      actor: subscriber.actor,
      settle: (outcome) => {
        release();
        settle(outcome, message, context);
      },
    });
  },

  'join-room': (message, context) => {
    const { app, subscriber, send } = context;
    const { rooms, limits } = app;
    const roomId = message['room-id'];
    if (!rooms.has(subscriber, roomId) && rooms.count(subscriber) >= limits.rooms)
      throw overLimit('rooms', limits.rooms, 'rooms of a session');
    if (!rooms.has(subscriber, roomId)) reservePresence(context, roomId, message.data);
    rooms.join(subscriber, roomId, message.data);
    send({ op: 'join-room-ok', ...echo(message), 'room-id': roomId });
    app.notifyRooms();
  },

  'leave-room': (message, context) => {
    const { app, subscriber, send } = context;
    releasePresence(context, message['room-id']);
    app.rooms.leave(subscriber, message['room-id']);
    send({ op: 'leave-room-ok', ...echo(message), 'room-id': message['room-id'] });
    app.notifyRooms();
  },

  'set-presence': (message, context) => {
    const { app, subscriber, send } = context;
    const { 'room-id': roomId, data = null } = message;
    if (!app.rooms.has(subscriber, roomId)) throw notInRoom(roomId);
    reservePresence(context, roomId, data);
    app.rooms.setPresence(subscriber, roomId, data);
    send({ op: 'set-presence-ok', ...echo(message), 'room-id': roomId });
    app.notifyRooms();
  },

  'client-broadcast': (message, { app, subscriber, send }) => {
    const { 'room-id': roomId, topic, data = null } = message;
    const sent = app.rooms.broadcast(subscriber, roomId, topic, data);
    if (!sent) throw notInRoom(roomId);
    send({ op: 'client-broadcast-ok', ...echo(message), 'room-id': roomId, topic, data: sent.broadcast });
    app.broadcast(roomId, topic, sent);
  },

  'start-sync': (message, context) =>
    handleDurable(message, context, () => {
      const { syncTables, limits } = context.app;
      if (syncTables.count(context.subscriber) >= limits.syncTables)
        throw overLimit('syncTables', limits.syncTables, 'namespaces kept in step');
      startSync(message, context);
    }),

  'resync-table': (message, context) =>
    handleDurable(message, context, () => context.app.syncTables.resume(context.subscriber, message, context.app.ledger.db.attrs)),

  'remove-sync': (message, { app, subscriber }) =>
    app.syncTables.remove(subscriber, message['subscription-id'], message['keep-subscription'] ?? false),

  'start-stream': startStream,
  'append-stream': (message, { app, subscriber, memory }) => app.streams.append(subscriber, message, memory),
  'subscribe-stream': (message, context) => handleDurable(message, context, () => subscribeStream(message, context)),
  'unsubscribe-stream': (message, { app, subscriber }) => {
    const { 'subscribe-event-id': eventId } = message;
    if (!app.streams.stopReading(subscriber, eventId)) throw noSubscription(eventId, subscriber.id);
  },
};

/** Too many are refused by the ledger, which finds out whether the write was applied before, and remembers the refusal. */
function stepsOf({ 'tx-steps': steps }: MessageOf<'transact'>, maxSteps: number): Steps | (() => never) {
  if (steps.length <= maxSteps) return steps;
  return () => {
    throw overLimit('steps', maxSteps, 'steps of a transaction');
  };
}

/** @throws InstantAPIError 'rate-limited': the write may be applied later, or have been applied before */
function holdWrite({ app, memory }: SessionContext, bytes: number): () => void {
  try {
    return memory.hold(bytes, 'transactions that wait for their result');
  } catch (error) {
    throw bytes > app.limits.sessionBytes ? error : busy('Too much waits for its answer');
  }
}

/** Size of the bookkeeping for one presence, in bytes. */
const presenceOverhead = 200;

/** @throws InstantAPIError 'validation-failed' */
function reservePresence({ app, memory, presence }: SessionContext, roomId: string, data: unknown): void {
  const { presenceBytes } = app.limits;
  const size = Buffer.byteLength(JSON.stringify(data ?? null));
  if (size > presenceBytes) throw overLimit('presenceBytes', presenceBytes, 'bytes of the presence in a room');
  const before = presence.get(roomId) ?? 0;
  const bytes = size + Buffer.byteLength(roomId) + presenceOverhead;
  memory.reserve(bytes - before, 'presence');
  presence.set(roomId, bytes);
}

function releasePresence({ memory, presence }: SessionContext, roomId: string): void {
  memory.release(presence.get(roomId) ?? 0);
  presence.delete(roomId);
}

/** Subscribes a live query, with its result in the given form. */
export function watch(message: MessageOf<'add-query'>, context: SessionContext, shape: ResultShape): void {
  handleDurable(message, context, () => addQuery(message, context, shape));
}

function addQuery(message: MessageOf<'add-query'>, context: SessionContext, returnType: ResultShape): void {
  const { app, subscriber, send, reject } = context;
  const { subscriptions, limits } = app;
  const { q } = message;
  if (subscriptions.count(subscriber) >= limits.queries) throw overLimit('queries', limits.queries, 'live queries of a session');
  const key = queryKey(q);
  if (!context.queries.has(key)) {
    const bytes = key.length + queryOverhead;
    context.memory.reserve(bytes, 'queries');
    context.queries.set(key, bytes);
  }
  const failed = (error: unknown): void => {
    releaseQuery(context, key);
    reject(message, error);
  };
  const added = (added: Added): void => {
    if (added.is === 'known') return void send({ op: 'add-query-exists', ...echo(message), q });
    const { computed, position } = added;
    send({
      op: 'add-query-ok',
      ...echo(message),
      q,
      result: (computed.text ?? computed.result) as WireResult,
      'result-meta': computed.meta,
      'processed-tx-id': position.txId,
      'processed-isn': position.isn,
    });
  };
  try {
    subscriptions.add(subscriber, { key, q, returnType, added, failed });
  } catch (error) {
    failed(error);
  }
}

/** Size of the bookkeeping for one live query, in bytes. */
const queryOverhead = 1000;

function releaseQuery({ memory, queries }: SessionContext, key: string): void {
  memory.release(queries.get(key) ?? 0);
  queries.delete(key);
}

function startSync(message: MessageOf<'start-sync'>, context: SessionContext): void {
  const { app, subscriber, send, reject } = context;
  const { syncTables, ledger } = app;
  const { q } = message;
  const { id, token } = syncTables.start(subscriber, q, ledger.db.attrs);
  app.reader.read({
    owner: subscriber,
    steps: (db) => syncTables.load(id, q, db),
    ended: (outcome, snapshot) => {
      const fail = (error: unknown): void => {
        syncTables.remove(subscriber, id, false);
        reject(message, error);
      };
      if (outcome.is === 'failed') return fail(outcome.error);
      if (!syncTables.isLoading(id, subscriber)) return fail(failure(new Error('the data was loaded again')));
      send({ op: 'start-sync-ok', ...echo(message), q, 'subscription-id': id, token });
      const sent = (): void => {
        if (!syncTables.loaded(id, subscriber, snapshot.txId, ledger.db.attrs))
          fail(failure(new Error('the data changed too much while they were sent')));
      };
      sendLoad(outcome.value, id, context, { sent, failed: fail });
    },
  });
}

/** Bytes sent before checking how much of them the client has read. */
const sliceLength = 256 * 1024;

interface LoadEnds {
  readonly sent: () => void;
  readonly failed: (error: unknown) => void;
}

/** Sends a large table as fast as the client reads. `sent` is not called if the subscription ended meanwhile. */
function sendLoad(load: readonly ServerMessage[], id: string, context: SessionContext, on: LoadEnds, from = 0): void {
  const { app, subscriber, send, drained } = context;
  let length = 0;
  for (let at = from; at < load.length; at++) {
    if (drained && length > sliceLength) {
      const goOn = (): void => (app.syncTables.isLoading(id, subscriber) ? sendLoad(load, id, context, on, at) : undefined);
      return void drained().then(goOn).catch(on.failed);
    }
    length += send(load[at] as ServerMessage);
  }
  on.sent();
}

function settle(outcome: Outcome, message: MessageOf<'transact'>, context: SessionContext): void {
  context.pending.delete(message);
  if (outcome.is === 'rejected') return context.reject(message, outcome.error);
  context.send({ op: 'transact-ok', ...echo(message), 'tx-id': outcome.txId, isn: positionOf(outcome.txId).isn });
  context.app.addWriter(context.subscriber);
}

/** Shorter ids may be counters that another client uses too: they are valid within one session only. */
const uniqueLength = 16;

function eventOf({ 'client-event-id': id }: ClientMessage, { id: sessionId, actor }: Subscriber): Event | undefined {
  if (!id) return undefined;
  return { id, by: id.length < uniqueLength ? sessionScope(sessionId) : (actor.userId ?? '') };
}

function notInRoom(roomId: string): InstantAPIError {
  return invalid('room', roomId, [{ message: 'the session is not in this room: join it first' }]);
}
