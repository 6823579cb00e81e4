// Accepts fields of other types than the protocol names, as InstantDB does, so that every program gets its response: `false` counts as a
// missing name, a number is accepted as a name, and an id or a topic may be any JSON. Responses repeat the original value.

import { isObject } from '../../lib/json.ts';
import type { InstantAPIError } from '../../errors.ts';
import { invalid } from '../errors.ts';

type Message = Readonly<Record<string, unknown>>;

/** Prefix of a string that stands for another JSON type; strings that start with it are escaped the same way. */
const mark = '\0';
const anyKind = ['client-event-id', 'topic'] as const;
const names = [
  'room-id',
  'client-id',
  'subscription-id',
  'reconnect-token',
  'tx-id',
  'token',
  'subscribe-event-id',
  'stream-id',
  'offset',
] as const;

/** Returns the message with fields that can be checked; the same object if nothing changed. */
export function tolerant(received: unknown): unknown {
  if (!isObject(received)) return received;
  const changes: [string, unknown][] = [];
  for (const name of anyKind) {
    const value = received[name];
    if (isOdd(value)) changes.push([name, mark + JSON.stringify(value)]);
  }
  for (const name of names) if (received[name] === false) changes.push([name, undefined]);
  const changed = [...changes, ...changesOf(received)];
  if (changed.length === 0) return received;
  const adapted = { ...received, ...Object.fromEntries(changed) };
  originals.set(adapted, received);
  return adapted;
}

const originals = new WeakMap<object, object>();

/** Returns the message as received, for errors that repeat it. */
export const originalOf = (message: object): object => originals.get(message) ?? message;

const isOdd = (value: unknown): boolean => (typeof value === 'string' ? value.startsWith(mark) : value !== undefined && value !== null);

function changesOf(received: Message): [string, unknown][] {
  const { q, 'client-id': name, 'rule-params': params, 'keep-subscription': keep, 'tx-steps': steps } = received;
  switch (received['op']) {
    case 'client-broadcast':
      return received['topic'] === undefined || received['topic'] === null ? [['topic', `${mark}null`]] : [];
    case 'add-query':
      return returnTypeOf(received['return-type']);
    case 'remove-query':
      return isObject(q) ? [] : [['q', { [mark]: q ?? null }]];
    case 'transact':
      return isObject(steps) && Object.keys(steps).length === 0 ? [['tx-steps', []]] : [];
    case 'remove-sync':
      return keep === undefined || keep === null || typeof keep === 'boolean' ? [] : [['keep-subscription', true]];
    case 'unsubscribe-stream':
      return typeof received['subscribe-event-id'] === 'number' ? [['subscribe-event-id', String(received['subscribe-event-id'])]] : [];
    case 'start-stream':
    case 'subscribe-stream':
      return [
        ...(typeof name === 'number' ? [['client-id', String(name)] as [string, unknown]] : []),
        ...(params !== undefined && !isObject(params) ? [['rule-params', undefined] as [string, unknown]] : []),
      ];
    default:
      return [];
  }
}

/** What is not `tree` asks for rows. */
function returnTypeOf(given: unknown): [string, unknown][] {
  const isOther = given !== undefined && given !== null && typeof given !== 'object' && given !== 'join-rows' && given !== 'tree';
  return isOther ? [['return-type', 'join-rows']] : [];
}

/** The other way round, for what is sent. The same object if nothing had to change. */
export function asReceived<T extends object>(message: T): T {
  const fields = message as Message;
  const changes = [...anyKind, 'q'].flatMap((name): [string, unknown][] => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (typeof value === 'string' && value.startsWith(mark)) return [[name, JSON.parse(value.slice(mark.length))]];
    return name === 'q' && isObject(value) && Object.hasOwn(value, mark) ? [[name, value[mark]]] : [];
  });
  return changes.length === 0 ? message : { ...message, ...Object.fromEntries(changes) };
}

/** Faults that programs know under another name than `param-malformed`. */
export function knownFault(received: Message, field: string, sessionId: string): InstantAPIError | undefined {
  const given = received[field] ?? null;
  const { op } = received;
  switch (typeof op === 'string' ? `${op} ${field}` : '') {
    case 'transact tx-steps': {
      const at = Array.isArray(given) ? given.findIndex((step) => !Array.isArray(step)) : -1;
      return invalid('tx-steps', given, [{ expected: 'coll?', message: 'expected a list', in: at < 0 ? [] : [at] }]);
    }
    case 'add-query q':
      return given === null ? noQuery('add-query') : undefined;
    case 'start-sync q':
      return given === null
        ? noQuery('start-sync')
        : invalid('query', given, [{ expected: 'map?', message: 'expected an object', in: [] }]);
    case 'unsubscribe-stream subscribe-event-id':
      return given === null || given === false ? noSubscription(null, sessionId) : undefined;
    default:
      return undefined;
  }
}

function noQuery(op: string): InstantAPIError {
  return invalid(op, { q: null }, [{ message: 'a query is missing' }]);
}

/** @param eventId as received */
export function noSubscription(eventId: unknown, sessionId: string): InstantAPIError {
  const input = { 'sess-id': sessionId, 'subscribe-event-id': eventId };
  return invalid('unsubscribe-stream', input, [{ message: 'there is no such subscription to a stream' }]);
}
