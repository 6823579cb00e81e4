// What clients ask about streams, put to the log and the rules: who may begin one, and who may read it.

import type { StartStream, SubscribeStream } from '../protocol/stream-messages.ts';
import { hashToken, isSameSecret } from './auth/secrets.ts';
import { echo, type Here, whenDurable } from './here.ts';
import { denied, invalid, overLimit } from './refusal.ts';
import { creation, server, stepsFor, streamByClientId, streamById, streamsEtype, valueOf } from './stream-entities.ts';
import { noSuchStream } from './streams.ts';
import type { Held, Planned } from './write.ts';

/** @throws InstantAPIError */
export function startStream(message: StartStream, here: Here): void {
  const { app, listener, refuse } = here;
  const { 'client-id': clientId } = message;
  if (clientId.trim() === '') throw invalid('stream', clientId, [{ message: 'a stream needs a name', in: ['client-id'] }]);
  checkCount(here);
  const fresh = crypto.randomUUID();
  app.ledger.write({
    steps: (held) => planStart(message, fresh, here, held),
    event: undefined,
    actor: server,
    settle: (outcome) => {
      if (outcome.is === 'refused') return refuse(message, outcome.error);
      // Behind this turn: what the last writer sent is either stored by then, or never will be.
      whenDurable(message, here, () => {
        const row = streamByClientId(app.ledger.db, clientId);
        if (!row) throw noSuchStream(clientId);
        const offset = app.streams.open(row.id, listener);
        here.say({ op: 'start-stream-ok', ...echo(message), 'client-id': clientId, 'stream-id': row.id, offset });
      });
    },
  });
}

function planStart(message: StartStream, id: string, { app, listener }: Here, { db }: Held): Planned {
  const { 'client-id': clientId, 'reconnect-token': token, 'rule-params': params } = message;
  const hash = hashToken(token);
  const known = streamByClientId(db, clientId);
  if (!known) {
    const steps = stepsFor(db, id, { clientId, hashedReconnectToken: hash, size: 0, done: false });
    app.rulebook.guard.permit(creation(db, id, steps, listener.actor, params));
    return { steps };
  }
  if (!isSameSecret(String(valueOf(db, known, 'hashedReconnectToken')), hash))
    throw invalid('stream', clientId, [{ message: 'the reconnect token is not the one the stream was begun with' }]);
  if (valueOf(db, known, 'done') === true) throw invalid('stream', clientId, [{ message: 'the stream is done' }]);
  return { steps: [] };
}

/** @throws InstantAPIError */
export function subscribeStream(message: SubscribeStream, here: Here): void {
  const { app, listener, say } = here;
  const { 'stream-id': id, 'client-id': name, 'rule-params': params } = message;
  if (!id && !name) throw invalid('stream', null, [{ message: 'which stream? It has a stream-id and a client-id' }]);
  checkCount(here);
  const { db } = app.ledger;
  const row = id ? streamById(db, id) : streamByClientId(db, name ?? '');
  const { visible } = app.rulebook.guard.sight(listener.actor, new Set([streamsEtype]), params ?? undefined, db.attrs);
  // Whether there is one is told to those only who may see it.
  if (visible && !(row && visible(streamsEtype, row))) throw denied(streamsEtype, 'not perms-pass?');
  if (!row) throw noSuchStream(id ?? name ?? '');
  app.streams.read(listener, message, row.id, String(valueOf(db, row, 'clientId'))).forEach(say);
}

function checkCount({ app, listener }: Here): void {
  if (app.streams.count(listener) >= app.limits.streams) throw overLimit('streams', app.limits.streams, 'streams of a session');
}
