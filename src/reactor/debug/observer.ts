// Turns trace events into the events of `db.on`, and into log lines for `debug: true`. Creates only events that have listeners, and delivers them
// in order at the end of the task. An error in a listener is reported and does not affect later events.

import type { ClientContext } from '../context.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import type { DatabaseEvent, DatabaseEventOf, DatabaseEventType, EventListener, LoggedMessage } from '../../types/events.ts';
import type { Effect } from '../effect.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { TimedTraceEvent, TraceEvent } from '../config.ts';
import { consoleLog, silent } from '../../lib/log.ts';
import { guarded } from '../notify.ts';
import { isObject } from '../../lib/json.ts';
import { queryKey } from '../../query/key.ts';
import { readMutation, mutationPrefix } from '../mutations/mutation.ts';
import { redacted, redactedKey } from './redact.ts';

export function formatEvent({ type, atMs, ...fields }: DatabaseEvent): string {
  const words = Object.entries<string | number | object | undefined>(fields).map(([name, value]) => formatField(name, value));
  return `${new Date(atMs).toISOString().slice(11, 23)} ${type.padEnd(10)} ${words.filter(Boolean).join(' ')}`;
}

const units: Readonly<Record<string, string>> = {
  tookMs: ' ms',
  waiting: ' waiting',
  edits: ' entries',
  writes: ' writes',
  localIds: ' local ids',
  results: ' results',
};
const unknown: Readonly<Record<string, string>> = { userId: 'nobody', topic: 'presence' };

function formatField(name: string, value: string | number | object | undefined): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? '' : `${value.length} ${name}: ${value.join('; ')}`;
  // An error or a message: its text.
  if (typeof value === 'object') return 'message' in value && typeof value.message === 'string' ? value.message : '';
  return value === undefined ? unknown[name] : `${value}${units[name] ?? ''}`;
}

type Kind = DatabaseEvent['type'];
type Fields = { readonly [Type in Kind]: Omit<DatabaseEventOf<Type>, 'type' | 'atMs'> };
/** An event is created only if its type has a listener. */
type Emit = <Type extends Kind>(type: Type, make: () => Fields[Type]) => void;

/** @param isOn whether events are still delivered @returns a function that turns trace events into events */
export function observer(
  context: ClientContext,
  wanted: DatabaseEventType,
  traceEvents: TimedTraceEvent[],
  isOn: () => boolean,
  listener: EventListener = printer(context),
): () => void {
  const waiting: object[] = [];
  const flush = (): void => {
    for (const event of waiting.splice(0) as DatabaseEvent[]) {
      if (!isOn()) return;
      // An error in a listener for errors is not delivered to it.
      guarded(
        () => listener(event),
        (error) => (event.type === 'error' ? context.config.log.error(error) : context.report(error)),
      );
    }
  };
  let nowMs = 0;
  const mapper = new EventMapper(context, (type, make) => {
    if (wanted !== '*' && wanted !== type) return;
    if (waiting.length === 0) queueMicrotask(flush);
    waiting.push({ type, ...make(), atMs: nowMs });
  });
  return () => {
    for (const [atMs, ...traceEvent] of traceEvents.splice(0)) {
      nowMs = atMs;
      mapper.map(atMs, traceEvent);
    }
  };
}

function printer({ config }: ClientContext): EventListener {
  const log = config.log === silent ? consoleLog : config.log;
  return (event) => log[event.type === 'error' ? 'error' : 'info'](formatEvent(event));
}

class EventMapper {
  readonly #context: ClientContext;
  readonly #emit: Emit;
  /** When a message with this id was sent, or a query with this key was requested. */
  readonly #sentMs = new Map<string, number>();

  constructor(context: ClientContext, emit: Emit) {
    this.#context = context;
    this.#emit = emit;
  }

  map(atMs: number, [name, payload]: TraceEvent): void {
    switch (name) {
      case 'said':
        return this.#sent(atMs, payload);
      case 'heard':
        return this.#received(atMs, payload);
      case 'effect':
        return this.#effect(atMs, payload);
      case 'saved':
        return this.#persisted(payload);
      case 'status':
        return this.#emit('connection', () => ({ status: payload }));
      case 'auth':
        return this.#emit('auth', () => ({ userId: payload?.id }));
      case 'adopted': {
        const { records: _records, ...summary } = payload;
        return this.#emit('adoption', () => summary);
      }
      case 'tab':
        return this.#emit('tab', () => ({ direction: 'received' as const, message: isObject(payload) ? String(payload.type) : 'unknown' }));
      case 'error':
        if ('code' in payload && payload.code === 'storage-failed')
          this.#emit('storage', () => ({ state: 'failed' as const, error: payload }));
        return this.#emit('error', () => ({ error: payload }));
    }
  }

  #sent(atMs: number, message: ClientMessage): void {
    const eventId = message['client-event-id'] ?? undefined;
    if (eventId) this.#sentMs.set(eventId, atMs);
    this.#emit('sent', () => ({ op: message.op, eventId, message: redacted(message) as LoggedMessage }));
    if (message.op === 'transact' && eventId) this.#write('sent', eventId);
    if (message.op !== 'add-query' && message.op !== 'remove-query') return;
    const key = queryKey(message.q);
    if (message.op === 'remove-query') return '$$probe' in message.q ? undefined : this.#query('ended', key);
    this.#sentMs.set(key, atMs);
    this.#query('subscribed', key);
  }

  #received(atMs: number, message: ServerMessage): void {
    const { op } = message;
    const eventId = ('client-event-id' in message && message['client-event-id']) || undefined;
    // The duration of a write is reported with its end, which follows.
    const tookMs = this.#took(eventId, atMs, op !== 'transact-ok' && op !== 'error');
    this.#emit('received', () => ({ op, eventId, tookMs, message: redacted(message) as LoggedMessage }));
    const key = queryOf(message);
    if (key === undefined) return;
    const error = message.op === 'error' ? (message.message ?? undefined) : undefined;
    this.#query(message.op === 'error' ? 'failed' : 'result', key, this.#took(key, atMs), error);
  }

  #effect(atMs: number, effect: Effect): void {
    switch (effect.do) {
      case 'settle': {
        const { eventId, error } = effect;
        return this.#write(error ? 'rejected' : 'acknowledged', eventId, this.#took(eventId, atMs), error);
      }
      case 'release':
        return effect.writes.forEach(({ eventId }) => this.#write('done', eventId));
      case 'show':
        return this.#query('changed', effect.key);
      case 'tell':
        return this.#emit('tab', () => ({ direction: 'sent' as const, message: effect.message.type }));
      case 'call': {
        const { room } = effect;
        return room && this.#emit('room', () => room);
      }
      default:
    }
  }

  #persisted(edits: readonly KeyValueOp[]): void {
    this.#emit('storage', () => ({ state: 'written' as const, ops: edits.length }));
    const prefix = mutationPrefix(this.#context.state.session.owner);
    for (const edit of edits) {
      const write = 'put' in edit && edit.put.startsWith(prefix) ? readMutation(edit.value) : undefined;
      // The acknowledged write is stored again; that is no new event.
      if (write && write.state !== 'acknowledged') this.#write('persisted', write.eventId);
    }
  }

  #write(state: Fields['outbox']['state'], eventId: string, tookMs?: number, error?: Error): void {
    this.#emit('outbox', () => ({ state, eventId, tookMs, waiting: this.#context.state.outbox.size, error }));
  }

  #query(state: Fields['query']['state'], key: string, tookMs?: number, error?: string): void {
    this.#emit('query', () => ({ state, key: redactedKey(key), tookMs, error }));
  }

  #took(sent: string | undefined, atMs: number, isOver = true): number | undefined {
    const sentMs = sent === undefined ? undefined : this.#sentMs.get(sent);
    if (sent !== undefined && isOver) this.#sentMs.delete(sent);
    return sentMs === undefined ? undefined : atMs - sentMs;
  }
}

/** The key of the query that a result or an error belongs to. */
function queryOf(message: ServerMessage): string | undefined {
  if (message.op === 'add-query-ok') return queryKey(message.q);
  if (message.op !== 'error') return undefined;
  const original = message['original-event'];
  return original?.['op'] === 'add-query' && isObject(original['q']) ? queryKey(original['q']) : undefined;
}
