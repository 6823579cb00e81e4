// What a ready session says: op → what is done about it. One line or few per op; each asks one part of the app. Whatever is
// thrown here becomes the `error` that answers the message.

import type { ClientMessage, ClientOp } from '../protocol/client-message.ts';
import type { InstantAPIError } from '../errors.ts';
import { placeOf } from './app.ts';
import type { ResultShape } from './asked.ts';
import { echo, type Here, whenDurable } from './here.ts';
import type { Outcome } from './ledger.ts';
import type { Listener } from './listener.ts';
import type { Event } from './storage.ts';
import { invalid, overLimit, refusal } from './refusal.ts';
import { checkStatus } from './status.ts';
import { startStream, subscribeStream } from './stream-ops.ts';

type Said<Op extends ClientOp> = Extract<ClientMessage, { readonly op: Op }>;
type Handlers = { readonly [Op in ClientOp]: (message: Said<Op>, here: Here) => void };

/** @throws InstantAPIError */
export function handle(message: ClientMessage, here: Here): void {
  checkStatus(message.op, here.app.status);
  const run = handlers[message.op] as (message: ClientMessage, here: Here) => void;
  run(message, here);
}

const handlers: Handlers = {
  init: (message) => {
    throw invalid('init', message['app-id'], [{ message: 'the session is ready already' }]);
  },

  'add-query': (message, here) => watch(message, here, message['return-type'] ?? 'join-rows'),

  'remove-query': (message, { app, listener, say }) => {
    app.watchers.remove(listener, message.q);
    say({ op: 'remove-query-ok', ...echo(message), q: message.q });
  },

  transact: (message, here) => {
    const { app, listener, pending } = here;
    if (message['tx-steps'].length > app.limits.steps) throw overLimit('steps', app.limits.steps, 'steps of a transaction');
    if (pending.size >= app.limits.pendingWrites)
      throw refusal('rate-limited', 'Too many writes wait for their answer', { 'retry-after': 1 });
    pending.add(message);
    app.ledger.write({
      steps: message['tx-steps'],
      event: eventOf(message, listener),
      actor: listener.actor,
      settle: (outcome) => settle(outcome, message, here),
    });
  },

  'join-room': (message, { app, listener, say }) => {
    const { rooms, limits } = app;
    const roomId = message['room-id'];
    if (!rooms.has(listener, roomId) && rooms.count(listener) >= limits.rooms) throw overLimit('rooms', limits.rooms, 'rooms of a session');
    rooms.join(listener, roomId, message.data);
    say({ op: 'join-room-ok', ...echo(message), 'room-id': roomId });
    app.tellRooms();
  },

  'leave-room': (message, { app, listener, say }) => {
    app.rooms.leave(listener, message['room-id']);
    say({ op: 'leave-room-ok', ...echo(message), 'room-id': message['room-id'] });
    app.tellRooms();
  },

  'set-presence': (message, { app, listener, say }) => {
    const { 'room-id': roomId, data = {} } = message;
    if (!app.rooms.setPresence(listener, roomId, data)) throw notInRoom(roomId);
    say({ op: 'set-presence-ok', ...echo(message), 'room-id': roomId });
    app.tellRooms();
  },

  'client-broadcast': (message, { app, listener, say }) => {
    const { 'room-id': roomId, topic, data = null } = message;
    const sent = app.rooms.broadcast(listener, roomId, topic, data);
    if (!sent) throw notInRoom(roomId);
    say({ op: 'client-broadcast-ok', ...echo(message), 'room-id': roomId, topic, data: sent.said });
    app.said(roomId, topic, sent);
  },

  'start-sync': (message, here) =>
    whenDurable(message, here, () => {
      const { app, listener, say } = here;
      const { syncTables, ledger, limits } = app;
      if (syncTables.count(listener) >= limits.syncTables) throw overLimit('syncTables', limits.syncTables, 'namespaces kept in step');
      const { id, token, load } = syncTables.start(listener, message.q, ledger.db, ledger.txId);
      say({ op: 'start-sync-ok', ...echo(message), q: message.q, 'subscription-id': id, token });
      load.forEach(say);
    }),

  'resync-table': (message, here) =>
    whenDurable(message, here, () => here.app.syncTables.resume(here.listener, message, here.app.ledger.db.attrs).forEach(here.say)),

  'remove-sync': (message, { app, listener }) =>
    app.syncTables.remove(listener, message['subscription-id'], message['keep-subscription'] ?? false),

  'start-stream': startStream,
  'append-stream': (message, { app, listener }) => app.streams.append(listener, message),
  'subscribe-stream': (message, here) => whenDurable(message, here, () => subscribeStream(message, here)),
  'unsubscribe-stream': (message, { app, listener }) => app.streams.stopReading(listener, message['subscribe-event-id']),
};

/** A live query, with its result in the given shape. */
export function watch(message: Said<'add-query'>, here: Here, shape: ResultShape): void {
  whenDurable(message, here, () => addQuery(message, here, shape));
}

function addQuery(message: Said<'add-query'>, { app, listener, say }: Here, shape: ResultShape): void {
  const { watchers, limits, ledger, place } = app;
  if (watchers.count(listener) >= limits.queries) throw overLimit('queries', limits.queries, 'live queries of a session');
  const added = watchers.add(listener, message.q, shape, ledger.db, place.txId);
  if (added.is === 'known') return say({ op: 'add-query-exists', ...echo(message), q: message.q });
  say({
    op: 'add-query-ok',
    ...echo(message),
    q: message.q,
    result: added.told.result,
    'result-meta': added.told.meta,
    'processed-tx-id': place.txId,
    'processed-isn': place.isn,
  });
}

function settle(outcome: Outcome, message: Said<'transact'>, here: Here): void {
  here.pending.delete(message);
  if (outcome.is === 'refused') return here.refuse(message, outcome.error);
  here.say({ op: 'transact-ok', ...echo(message), 'tx-id': outcome.txId, isn: placeOf(outcome.txId).isn });
  here.app.wrote(here.listener, outcome.isMended);
}

/** Shorter ids may well be counted up, and come from another client too: they are good for one session only. */
const uniqueLength = 16;

function eventOf({ 'client-event-id': id }: ClientMessage, { id: sessionId, actor }: Listener): Event | undefined {
  if (!id) return undefined;
  return { id, by: id.length < uniqueLength ? `session ${sessionId}` : (actor.userId ?? '') };
}

function notInRoom(roomId: string): InstantAPIError {
  return invalid('room', roomId, [{ message: 'the session is not in this room: join it first' }]);
}
