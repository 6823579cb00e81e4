// One handler per op, complete by its type. A handler passes the message to the state modules concerned and returns their effects. Other ops
// belong to features that are installed on demand.

import type { CoreOp } from '../protocol/server-fields.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Effect } from './effect.ts';
import { acknowledge, applyAttrs } from './mutations/acknowledge.ts';
import type { FeatureEnv } from './features.ts';
import { reject } from './mutations/reject.ts';
import { receiveError } from './receive-error.ts';
import type { Env, SyncState } from './state.ts';
import { disabledError } from './client-errors.ts';

type Handler<Message> = (state: SyncState, message: Message, env: Env) => readonly Effect[];
type Handlers = { readonly [Op in CoreOp]: Handler<Extract<ServerMessage, { readonly op: Op }>> };

const noEffects = (): readonly Effect[] => [];

const handlers: Handlers = {
  'init-ok': (state, message, { nowMs }) => {
    const { session, queries, features, receipts } = state;
    session.onOpened(message);
    receipts.onSessionOpen(session.capabilities);
    return [
      ...applyAttrs(state, message.attrs ?? []),
      { do: 'announce', what: 'appStatus' },
      { do: 'ready' },
      ...[...queries.list()].map((live): Effect => ({ do: 'send', message: queries.request(live) })),
      { do: 'flush' },
      ...features.collect((feature) => feature.onSessionOpen(featureEnv(state, nowMs))),
    ];
  },
  'app-status-changed': ({ session, queries }, { status }) => {
    const before = session.appStatus;
    session.appStatus = status;
    const effects: Effect[] = [{ do: 'announce', what: 'appStatus' }];
    if (status === 'disabled' && before !== 'disabled') effects.push(...queries.failAll(disabledError()));
    // While the app was disabled, no query was refreshed: subscribe to all again. Writes wait for the new session, or they would go out in both.
    effects.push({ do: before === 'disabled' && status !== 'disabled' ? 'restart' : 'flush' });
    return effects;
  },
  error: receiveError,
  'add-query-ok': ({ queries }, message) => [...queries.applyResult(message), { do: 'prune' }],
  // Of a subscription that the server still has from before this query was opened: nothing else would follow.
  'add-query-exists': ({ queries }, { 'client-event-id': eventId }, { random }) => {
    const live = queries.byEvent(eventId ?? '');
    return live && (!live.isFresh || live.isAsked) ? queries.refetch(live, random) : [];
  },
  'remove-query-ok': noEffects,
  'refresh-ok': (state, message, { random }) => [
    ...(message.attrs ? applyAttrs(state, message.attrs) : []),
    ...state.queries.applyRefresh(message, state.session.capabilities['refresh-covers-all'] ?? false, random),
    { do: 'prune' },
  ],
  'transact-ok': (state, message, env) => {
    const eventId = message['client-event-id'] ?? '';
    const claim = state.receipts.claimOf(eventId);
    const claimed = claim && state.outbox.get(claim.eventId);
    if (claim) return claimed ? reject(state, claimed, claim.error, env.dateMs) : [];
    return acknowledge(state, eventId, { txId: message['tx-id'], isn: message.isn ?? undefined }, env);
  },
};

export function receiveMessage(state: SyncState, message: ServerMessage, env: Env): readonly Effect[] {
  const handler = (handlers as Readonly<Record<string, Handler<ServerMessage>>>)[message.op];
  return handler
    ? handler(state, message, env)
    : state.features.collect((feature) => feature.onMessage(message, featureEnv(state, env.nowMs)));
}

function featureEnv({ catalog, session }: SyncState, nowMs: number): FeatureEnv {
  return { nowMs, attrs: catalog.known, owner: session.owner };
}
