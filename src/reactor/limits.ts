// The limits of the server that the client keeps to by itself, so that a request which no server will accept is refused before it is shown
// or sent. A server announces its own in `init-ok`. PROTOCOL.md#limits

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import { exceededBy } from '../protocol/frame-limits.ts';
import type { ServerLimits } from '../protocol/session-messages.ts';
import type { Step } from '../protocol/transact-messages.ts';

export type Limits = { readonly [Name in keyof ServerLimits]?: number };
type LimitName = keyof Limits;

/** For servers that announce none. */
export const defaultLimits = {
  'max-frame-bytes': 16 * 1024 * 1024,
  'max-frame-depth': 100,
  'max-transaction-steps': 100_000,
  'max-query-depth': 50,
} as const satisfies Limits;

/** An event stream posts messages inside two more levels. */
const postLevels = 2;

/** The announced limits over the defaults. Without an announcement, the ones before stay. */
export function readLimits(announced: ServerLimits | null | undefined, before: Limits): Limits {
  if (!announced) return before;
  const entries = Object.entries(announced).filter(([, limit]) => typeof limit === 'number' && limit >= 0);
  return { ...defaultLimits, ...(Object.fromEntries(entries) as Limits) };
}

/** The error for a message that exceeds a limit. Undefined if the server will accept its size. */
export function limitErrorOf(message: ClientMessage, limits: Limits): TriplaneError | undefined {
  const own = ownLimitErrorOf(message, limits);
  if (own) return own;
  const bytes = limits['max-frame-bytes'] ?? Infinity;
  const depth = (limits['max-frame-depth'] ?? Infinity) - postLevels;
  const exceeded = exceededBy(message, { bytes, depth });
  const what = names[message.op] ?? 'The message';
  if (exceeded === 'bytes') return limitError(`${what} has more than ${bytes} bytes`, 'max-frame-bytes', bytes);
  return exceeded && limitError(`${what} is nested more than ${depth} levels deep`, 'max-frame-depth', depth);
}

/** The same for steps that have no event id yet. */
export function transactionLimitError(steps: readonly Step[], eventId: string, nowMs: number, limits: Limits): TriplaneError | undefined {
  return limitErrorOf({ op: 'transact', 'client-event-id': eventId, 'tx-steps': steps, created: nowMs, order: nowMs }, limits);
}

const names: Partial<Readonly<Record<ClientMessage['op'], string>>> = {
  transact: 'The transaction',
  'add-query': 'The query',
  'join-room': 'The presence',
  'set-presence': 'The presence',
  'client-broadcast': 'The message',
};

function ownLimitErrorOf(message: ClientMessage, limits: Limits): TriplaneError | undefined {
  switch (message.op) {
    case 'transact':
      return above(limits, 'max-transaction-steps', message['tx-steps'].length, (most) => `The transaction has more than ${most} steps`);
    case 'add-query':
      return above(limits, 'max-query-depth', depthOf(message.q), (most) => `The query has more than ${most} forms below each other`);
    case 'join-room':
    case 'set-presence':
      return nameError(message['room-id'], limits) ?? presenceError(message.data, limits);
    case 'client-broadcast':
      return nameError(message['room-id'], limits) ?? nameError(message.topic, limits);
    default:
      return undefined;
  }
}

function nameError(name: string, limits: Limits): TriplaneError | undefined {
  return above(limits, 'max-name-length', name.length, (most) => `The name of a room or topic has more than ${most} characters`);
}

function presenceError(data: unknown, limits: Limits): TriplaneError | undefined {
  const most = limits['max-presence-bytes'];
  if (data === undefined || most === undefined || exceededBy(data, { bytes: most, depth: Infinity }) === undefined) return undefined;
  return limitError(`The presence has more than ${most} bytes`, 'max-presence-bytes', most);
}

function above(limits: Limits, limit: LimitName, size: number, message: (most: number) => string): TriplaneError | undefined {
  const most = limits[limit];
  return most !== undefined && size > most ? limitError(message(most), limit, most) : undefined;
}

function limitError(message: string, limit: LimitName, most: number): TriplaneError {
  return new TriplaneError('limit', `${message}: the server would not accept it`, { hint: { 'data-type': 'limit', limit, most } });
}

/** Forms below each other; options and rule parameters are none. Stops at 1000, which is above any limit. */
function depthOf(query: unknown, left = 1000): number {
  if (!isObject(query) || left === 0) return 0;
  let deepest = 0;
  for (const [key, form] of Object.entries(query))
    if (!key.startsWith('$$') && key !== '$' && isObject(form)) deepest = Math.max(deepest, 1 + depthOf(form, left - 1));
  return deepest;
}
