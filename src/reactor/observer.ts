// Makes events of facts: `db.on`. Only those that are listened for, told at the end of the task, in order; a listener that throws is reported,
// and hears the next all the same.

import { consoleLog, silent } from '../lib/log.ts';
import { isObject } from '../protocol/check.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { queryKey } from '../query/key.ts';
import type { Edit } from '../storage/key-value.ts';
import type { DatabaseEvent, DatabaseEventOf, DatabaseEventType, EventListener, LoggedMessage } from '../types/events.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import { lineOf } from './event-line.ts';
import type { DatedFact, Fact } from './fact.ts';
import { redacted, redactedKey } from './redact.ts';
import { readWrite, writePrefix } from './write.ts';

type Kind = DatabaseEvent['type'];
type Fields = { readonly [Type in Kind]: Omit<DatabaseEventOf<Type>, 'type' | 'atMs'> };
/** An event is made only if anybody listens for its kind. */
type Tell = <Type extends Kind>(type: Type, make: () => Fields[Type]) => void;

/** `isOn`: whether anything is still to be told. Gives what makes events of the facts that have come. */
export function observer(
  back: Back,
  wanted: DatabaseEventType,
  facts: DatedFact[],
  isOn: () => boolean,
  listener: EventListener = printer(back),
): () => void {
  const waiting: object[] = [];
  const flush = (): void => {
    for (const event of waiting.splice(0) as DatabaseEvent[]) {
      if (!isOn()) return;
      // What is wrong with a listener to errors is not told to it again.
      safely(
        () => listener(event),
        (error) => (event.type === 'error' ? back.config.log.error(error) : back.report(error)),
      );
    }
  };
  let nowMs = 0;
  const teller = new Teller(back, (type, make) => {
    if (wanted !== '*' && wanted !== type) return;
    if (waiting.length === 0) queueMicrotask(flush);
    waiting.push({ type, ...make(), atMs: nowMs });
  });
  return () => {
    for (const [atMs, ...fact] of facts.splice(0)) {
      nowMs = atMs;
      teller.take(atMs, fact);
    }
  };
}

function printer({ config }: Back): EventListener {
  const log = config.log === silent ? consoleLog : config.log;
  return (event) => log[event.type === 'error' ? 'error' : 'info'](lineOf(event));
}

class Teller {
  readonly #back: Back;
  readonly #tell: Tell;
  /** When a message with this id was sent, or a query with this key asked. */
  readonly #sentMs = new Map<string, number>();

  constructor(back: Back, tell: Tell) {
    this.#back = back;
    this.#tell = tell;
  }

  take(atMs: number, [name, of]: Fact): void {
    switch (name) {
      case 'said':
        return this.#said(atMs, of);
      case 'heard':
        return this.#heard(atMs, of);
      case 'effect':
        return this.#effect(atMs, of);
      case 'saved':
        return this.#saved(of);
      case 'status':
        return this.#tell('connection', () => ({ status: of }));
      case 'auth':
        return this.#tell('auth', () => ({ userId: of?.id }));
      case 'tab':
        return this.#tell('tab', () => ({ direction: 'heard' as const, news: isObject(of) ? String(of.type) : 'unknown' }));
      case 'error':
        if ('code' in of && of.code === 'storage-failed') this.#tell('storage', () => ({ state: 'failed' as const, error: of }));
        return this.#tell('error', () => ({ error: of }));
    }
  }

  #said(atMs: number, message: ClientMessage): void {
    const eventId = message['client-event-id'] ?? undefined;
    if (eventId) this.#sentMs.set(eventId, atMs);
    this.#tell('sent', () => ({ op: message.op, eventId, message: redacted(message) as LoggedMessage }));
    if (message.op === 'transact' && eventId) this.#write('sent', eventId);
    if (message.op !== 'add-query' && message.op !== 'remove-query') return;
    const key = queryKey(message.q);
    if (message.op === 'remove-query') return '$$probe' in message.q ? undefined : this.#query('ended', key);
    this.#sentMs.set(key, atMs);
    this.#query('asked', key);
  }

  #heard(atMs: number, message: ServerMessage): void {
    const { op } = message;
    const eventId = ('client-event-id' in message && message['client-event-id']) || undefined;
    // A write's time is told with its end, which comes after.
    const tookMs = this.#took(eventId, atMs, op !== 'transact-ok' && op !== 'error');
    this.#tell('received', () => ({ op, eventId, tookMs, message: redacted(message) as LoggedMessage }));
    const key = queryOf(message);
    if (key === undefined) return;
    const error = message.op === 'error' ? (message.message ?? undefined) : undefined;
    this.#query(message.op === 'error' ? 'failed' : 'answered', key, this.#took(key, atMs), error);
  }

  #effect(atMs: number, effect: Effect): void {
    switch (effect.do) {
      case 'settle': {
        const { eventId, error } = effect;
        return this.#write(error ? 'refused' : 'confirmed', eventId, this.#took(eventId, atMs), error);
      }
      case 'show':
        return this.#query('changed', effect.key);
      case 'tell':
        return this.#tell('tab', () => ({ direction: 'told' as const, news: effect.news.type }));
      case 'call': {
        const { room } = effect;
        return room && this.#tell('room', () => room);
      }
      default:
    }
  }

  #saved(edits: readonly Edit[]): void {
    this.#tell('storage', () => ({ state: 'written' as const, edits: edits.length }));
    const prefix = writePrefix(this.#back.organs.session.owner);
    for (const edit of edits) {
      const write = 'put' in edit && edit.put.startsWith(prefix) ? readWrite(edit.value) : undefined;
      // Once it is confirmed, that is kept too.
      if (write && write.state !== 'applied') this.#write('kept', write.eventId);
      if ('remove' in edit && edit.remove.startsWith(prefix)) this.#write('done', edit.remove.split('/').at(-1) ?? '');
    }
  }

  #write(state: Fields['outbox']['state'], eventId: string, tookMs?: number, error?: Error): void {
    this.#tell('outbox', () => ({ state, eventId, tookMs, waiting: this.#back.organs.outbox.size, error }));
  }

  #query(state: Fields['query']['state'], key: string, tookMs?: number, error?: string): void {
    this.#tell('query', () => ({ state, key: redactedKey(key), tookMs, error }));
  }

  #took(sent: string | undefined, atMs: number, isOver = true): number | undefined {
    const sentMs = sent === undefined ? undefined : this.#sentMs.get(sent);
    if (sent !== undefined && isOver) this.#sentMs.delete(sent);
    return sentMs === undefined ? undefined : atMs - sentMs;
  }
}

/** The key of the query that is answered, or was refused. */
function queryOf(message: ServerMessage): string | undefined {
  if (message.op === 'add-query-ok') return queryKey(message.q);
  if (message.op !== 'error') return undefined;
  const asked = message['original-event'];
  return asked?.['op'] === 'add-query' && isObject(asked['q']) ? queryKey(asked['q']) : undefined;
}
