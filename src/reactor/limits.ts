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

/** Steps that were found to be within limits: a write is checked when it is made, and sent later, under the same limits as a rule. */
const accepted = new WeakMap<readonly Step[], Limits>();

/** The error for a message that exceeds a limit. Undefined if the server will accept its size. */
export function limitErrorOf(message: ClientMessage, limits: Limits): TriplaneError | undefined {
  if (message.op !== 'transact') return findExceeded(message, limits);
  if (accepted.get(message['tx-steps']) === limits) return undefined;
  const error = findExceeded(message, limits);
  if (!error) accepted.set(message['tx-steps'], limits);
  return error;
}

function findExceeded(message: ClientMessage, limits: Limits): TriplaneError | undefined {
  const above = (limit: LimitName, size: number): TriplaneError | undefined => {
    const most = limits[limit];
    return most !== undefined && size > most ? limitError(message, limit, most) : undefined;
  };
  const named = (...names: readonly string[]): TriplaneError | undefined =>
    above('max-name-length', Math.max(...names.map(({ length }) => length)));
  const {
    'max-frame-bytes': bytes = Infinity,
    'max-frame-depth': depth = Infinity,
    'max-presence-bytes': presenceBytes = Infinity,
  } = limits;
  let error: TriplaneError | undefined;
  if (message.op === 'transact') error = above('max-transaction-steps', message['tx-steps'].length);
  else if (message.op === 'add-query') error = above('max-query-depth', depthOf(message.q));
  else if (message.op === 'client-broadcast') error = named(message['room-id'], message.topic);
  else if (message.op === 'join-room' || message.op === 'set-presence') {
    error = named(message['room-id']);
    if (exceededBy(message.data ?? null, { bytes: presenceBytes, depth }))
      error ??= limitError(message, 'max-presence-bytes', presenceBytes);
  }
  if (error) return error;
  const exceeded = exceededBy(message, { bytes, depth: depth - postLevels });
  if (exceeded === 'bytes') return limitError(message, 'max-frame-bytes', bytes);
  return exceeded && limitError(message, 'max-frame-depth', depth - postLevels);
}

/** The same for steps that have no event id yet. */
export function transactionLimitError(steps: readonly Step[], eventId: string, nowMs: number, limits: Limits): TriplaneError | undefined {
  return limitErrorOf({ op: 'transact', 'client-event-id': eventId, 'tx-steps': steps, created: nowMs, order: nowMs }, limits);
}

function limitError({ op }: ClientMessage, limit: LimitName, most: number): TriplaneError {
  const message = `'${op}' exceeds a limit of the server: ${limit} is ${most}`;
  return new TriplaneError('limit', message, { hint: { 'data-type': 'limit', limit, most } });
}

/** Forms below each other; options and rule parameters are none. Stops at 1000, which is above any limit. */
function depthOf(query: unknown, left = 1000): number {
  if (!isObject(query) || left === 0) return 0;
  let deepest = 0;
  for (const [key, form] of Object.entries(query))
    if (!key.startsWith('$$') && key !== '$' && isObject(form)) deepest = Math.max(deepest, 1 + depthOf(form, left - 1));
  return deepest;
}
