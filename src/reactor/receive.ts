// What to do on hearing each op: a line per op, total by its type. A line hands the message to the organ it is for; where two
// must hear of it, it names both. What they want done comes back as effects. What is not in the list is for organs installed on demand.

import type { CoreOp } from '../protocol/core-fields.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Effect } from './effect.ts';
import { confirmed, takeAttrs } from './confirmed.ts';
import type { Hour } from './extra.ts';
import { failed } from './failed.ts';
import type { Moment, OpenOrgans } from './organs.ts';
import { disabledError } from './trouble.ts';

type Line<Message> = (organs: OpenOrgans, message: Message, moment: Moment) => readonly Effect[];
type Receive = { readonly [Op in CoreOp]: Line<Extract<ServerMessage, { readonly op: Op }>> };

const nothing = (): readonly Effect[] => [];

const receive: Receive = {
  'init-ok': (organs, message, { nowMs }) => {
    const { session, queries, extras } = organs;
    session.opened(message);
    return [
      ...takeAttrs(organs, message.attrs ?? []),
      { do: 'announce', what: 'appStatus' },
      { do: 'ready' },
      ...[...queries.list()].map((live): Effect => ({ do: 'send', message: queries.ask(live) })),
      { do: 'flush' },
      ...extras.tell((extra) => extra.sessionOpened(hourOf(organs, nowMs))),
    ];
  },
  'app-status-changed': ({ session, queries }, { status }) => {
    const before = session.appStatus;
    session.appStatus = status;
    const effects: Effect[] = [{ do: 'announce', what: 'appStatus' }, { do: 'flush' }];
    if (status === 'disabled' && before !== 'disabled') effects.push(...queries.allFailed(disabledError()));
    // While the app was disabled, nothing was refreshed: every query is asked anew.
    if (before === 'disabled' && status !== 'disabled') effects.push({ do: 'restart' });
    return effects;
  },
  error: failed,
  'add-query-ok': ({ queries }, message) => [...queries.answered(message), { do: 'prune' }],
  'add-query-exists': nothing,
  'remove-query-ok': nothing,
  'refresh-ok': (organs, message, { random }) => [
    ...(message.attrs ? takeAttrs(organs, message.attrs) : []),
    ...organs.queries.refreshed(message, organs.session.promises['refresh-covers-all'] ?? false, random),
    { do: 'prune' },
  ],
  'transact-ok': (organs, message, { nowMs }) =>
    confirmed(organs, message['client-event-id'] ?? '', { txId: message['tx-id'], isn: message.isn ?? undefined }, nowMs),
};

export function receiveMessage(organs: OpenOrgans, message: ServerMessage, moment: Moment): readonly Effect[] {
  const line = (receive as Readonly<Record<string, Line<ServerMessage>>>)[message.op];
  return line ? line(organs, message, moment) : organs.extras.tell((extra) => extra.heard(message, hourOf(organs, moment.nowMs)));
}

function hourOf({ catalogue, session }: OpenOrgans, nowMs: number): Hour {
  return { nowMs, attrs: catalogue.known, owner: session.owner };
}
