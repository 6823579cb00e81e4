// Stream requests of clients: checks the rules for starting and reading streams, then calls the log.

import type { StartStream, SubscribeStream } from '../../protocol/stream-messages.ts';
import { hashToken, isSameSecret } from '../auth/secrets.ts';
import { echo, handleDurable, type SessionContext } from '../session/session-context.ts';
import { InstantAPIError } from '../../errors.ts';
import type { Guard } from '../rules/guard.ts';
import type { AccessRecord } from '../data/touched.ts';
import { invalid, overLimit, rejection } from '../errors.ts';
import { creation, stepsFor, streamByClientId, streamById, streamsEtype, valueOf } from './stream-entities.ts';
import { serverActor } from '../data/system-rules.ts';
import { noSuchStream } from './streams.ts';
import type { LedgerState, Planned } from '../data/write.ts';

/** @throws InstantAPIError */
export function startStream(message: StartStream, context: SessionContext): void {
  const { app, subscriber, reject } = context;
  const { 'client-id': clientId } = message;
  if (clientId.trim() === '') {
    throw rejection('param-malformed', 'A stream needs a name', { in: ['client-id'], 'original-input': clientId });
  }
  checkCount(context);
  const fresh = crypto.randomUUID();
  app.ledger.write({
    steps: (state) => planStart(message, fresh, context, state),
    event: undefined,
    actor: serverActor,
    settle: (outcome) => {
      if (outcome.is === 'rejected') return reject(message, outcome.error);
      // Queued behind the current commit: by then, text sent by the last writer is either stored or never will be.
      handleDurable(message, context, () => {
        const row = streamByClientId(app.ledger.db, clientId);
        if (!row) throw noSuchStream(clientId);
        const offset = app.streams.open(row.id, subscriber);
        context.send({ op: 'start-stream-ok', ...echo(message), 'client-id': clientId, 'stream-id': row.id, offset });
      });
    },
  });
}

function planStart(message: StartStream, id: string, { app, subscriber }: SessionContext, { db }: LedgerState): Planned {
  const { 'client-id': clientId, 'reconnect-token': token, 'rule-params': params } = message;
  const hash = hashToken(token);
  const known = streamByClientId(db, clientId);
  const steps = stepsFor(db, id, { clientId, hashedReconnectToken: hash });
  // Whoever takes a stream up again needs the right to begin it, and its token.
  authorizeStart(app.rulebook.guard, creation(db, id, steps, subscriber.actor, params));
  if (!known) return { steps };
  if (!isSameSecret(String(valueOf(db, known, 'hashedReconnectToken')), hash))
    throw invalid('start-stream', { 'client-id': clientId, 'sess-id': subscriber.id }, [
      { message: 'the reconnect token is not the one the stream was begun with' },
    ]);
  if (valueOf(db, known, 'done') === true) throw invalid('start-stream', { 'client-id': clientId }, [{ message: 'the stream is done' }]);
  return { steps: [] };
}

/** @throws InstantAPIError */
function authorizeStart(guard: Guard, access: AccessRecord): void {
  try {
    guard.authorizeWrite(access);
  } catch (error) {
    const isDenied = error instanceof InstantAPIError && error.body.type === 'permission-denied';
    throw isDenied ? streamsDenied('create') : error;
  }
}

function streamsDenied(action: 'create' | 'view'): InstantAPIError {
  const hint = { input: [streamsEtype, action], expected: 'has-streams-permission?' };
  return rejection('permission-denied', 'Permission denied: not has-streams-permission?', hint);
}

/** @throws InstantAPIError */
export function subscribeStream(message: SubscribeStream, context: SessionContext): void {
  const { app, subscriber } = context;
  const { 'stream-id': id, 'client-id': name, 'rule-params': params } = message;
  const missing = (): InstantAPIError => {
    const input = { 'client-id': name ?? null, 'sess-id': subscriber.id, 'stream-id': id ?? null };
    return invalid('subscribe-stream', input, [{ message: 'there is no such stream' }]);
  };
  if (!id && !name) throw missing();
  checkCount(context);
  const { db } = app.ledger;
  const row = id ? streamById(db, id) : streamByClientId(db, name ?? '');
  const { visibleIn } = app.rulebook.guard.readAccess(subscriber.actor, new Set([streamsEtype]), params ?? undefined, db.attrs);
  const visible = visibleIn?.(db);
  // Only sessions that may view the stream learn whether it exists.
  if (visible && !(row && visible(streamsEtype, row))) throw streamsDenied('view');
  if (!row) throw missing();
  const failed = (error: unknown): void => context.reject(message, error);
  app.streams.read({ ...context, failed }, message, row.id, String(valueOf(db, row, 'clientId')));
}

function checkCount({ app, subscriber }: SessionContext): void {
  if (app.streams.count(subscriber) >= app.limits.streams) throw overLimit('streams', app.limits.streams, 'streams of a session');
}
