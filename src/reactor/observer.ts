// Makes events of facts: `db.on`. Only those that are listened for, told at the end of the task, in order; a listener that throws is reported,
// and hears the next all the same.

import { consoleLog, silent } from '../lib/log.ts';
import { isObject } from '../protocol/check.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { queryKey } from '../query/key.ts';
import type { DatabaseEvent, DatabaseEventType, EventListener, LoggedMessage } from '../types/events.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import { lineOf } from './event-line.ts';
import type { Fact } from './fact.ts';
import { redacted, redactedKey } from './redact.ts';
import { readWrite, writePrefix } from './write.ts';

type Make = () => WithoutTime<DatabaseEvent>;
type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never;
/** What kind of event it would be, and how it is made if anybody listens. */
type Draft = readonly [type: DatabaseEvent['type'], make: Make];

/** `isOn`: whether anything is still to be told. */
export function observer(
  back: Back,
  type: DatabaseEventType,
  isOn: () => boolean,
  listener: EventListener = printer(back),
): (atMs: number, fact: Fact) => void {
  const drafts = new Drafts(back);
  const waiting: DatabaseEvent[] = [];
  const tell = (): void => {
    for (const event of waiting.splice(0)) {
      if (!isOn()) return;
      // What is wrong with a listener to errors is not told to it again.
      safely(
        () => listener(event),
        (error) => (event.type === 'error' ? back.config.log.error(error) : back.report(error)),
      );
    }
  };
  return (atMs, fact) => {
    for (const [kind, make] of drafts.of(atMs, fact)) {
      if (type !== '*' && type !== kind) continue;
      if (waiting.length === 0) queueMicrotask(tell);
      waiting.push({ ...make(), atMs });
    }
  };
}

function printer({ config }: Back): EventListener {
  const log = config.log === silent ? consoleLog : config.log;
  return (event) => log[event.type === 'error' ? 'error' : 'info'](lineOf(event));
}

class Drafts {
  readonly #back: Back;
  /** Event id → when it was sent. */
  readonly #sentMs = new Map<string, number>();
  readonly #askedMs = new Map<string, number>();

  constructor(back: Back) {
    this.#back = back;
  }

  of(atMs: number, [name, of]: Fact): readonly Draft[] {
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
        return [['connection', () => ({ type: 'connection', status: of })]];
      case 'auth':
        return [['auth', () => ({ type: 'auth', userId: of?.id })]];
      case 'tab':
        return [['tab', () => ({ type: 'tab', direction: 'heard', news: isObject(of) ? String(of.type) : 'unknown' })]];
      case 'error': {
        const failed: Draft = ['storage', () => ({ type: 'storage', state: 'failed', error: of })];
        return [...(isStorageFailure(of) ? [failed] : []), ['error', () => ({ type: 'error', error: of })]];
      }
    }
  }

  #said(atMs: number, message: Extract<Fact, readonly ['said', unknown]>[1]): Draft[] {
    const eventId = message['client-event-id'] ?? undefined;
    if (eventId !== undefined) this.#sentMs.set(eventId, atMs);
    const drafts: Draft[] = [['sent', () => ({ type: 'sent', op: message.op, eventId, message: logged(message) })]];
    if (message.op === 'transact' && eventId !== undefined) drafts.push(this.#write('sent', eventId));
    if (message.op === 'add-query') {
      this.#askedMs.set(queryKey(message.q), atMs);
      drafts.push(['query', () => ({ type: 'query', state: 'asked', key: redactedKey(queryKey(message.q)) })]);
    }
    if (message.op === 'remove-query' && !('$$probe' in message.q)) {
      drafts.push(['query', () => ({ type: 'query', state: 'ended', key: redactedKey(queryKey(message.q)) })]);
    }
    return drafts;
  }

  #heard(atMs: number, message: ServerMessage): Draft[] {
    const eventId = ('client-event-id' in message && message['client-event-id']) || undefined;
    const tookMs = this.#took(this.#sentMs, eventId, atMs);
    // A write's time is told with its end, which comes after.
    if (eventId !== undefined && message.op !== 'transact-ok' && message.op !== 'error') this.#sentMs.delete(eventId);
    const drafts: Draft[] = [['received', () => ({ type: 'received', op: message.op, eventId, tookMs, message: logged(message) })]];
    const query = queryOf(message);
    if (query !== undefined) {
      const took = this.#took(this.#askedMs, query, atMs);
      this.#askedMs.delete(query);
      const error = message.op === 'error' ? (message.message ?? undefined) : undefined;
      const state = message.op === 'error' ? 'failed' : 'answered';
      drafts.push(['query', () => ({ type: 'query', state, key: redactedKey(query), tookMs: took, ...(error && { error }) })]);
    }
    return drafts;
  }

  #effect(atMs: number, effect: Effect): Draft[] {
    switch (effect.do) {
      case 'settle': {
        const { eventId, error } = effect;
        const tookMs = this.#took(this.#sentMs, eventId, atMs);
        this.#sentMs.delete(eventId);
        return [this.#write(error ? 'refused' : 'confirmed', eventId, tookMs, error)];
      }
      case 'show':
        return [['query', () => ({ type: 'query', state: 'changed', key: redactedKey(effect.key) })]];
      case 'tell':
        return [['tab', () => ({ type: 'tab', direction: 'told', news: effect.news.type })]];
      case 'call': {
        const { room } = effect;
        return room ? [['room', () => ({ type: 'room', ...room })]] : [];
      }
      default:
        return [];
    }
  }

  #saved(edits: Extract<Fact, readonly ['saved', unknown]>[1]): Draft[] {
    const drafts: Draft[] = [['storage', () => ({ type: 'storage', state: 'written', edits: edits.length })]];
    const prefix = writePrefix(this.#back.organs.session.owner);
    for (const edit of edits) {
      const write = 'put' in edit && edit.put.startsWith(prefix) ? readWrite(edit.value) : undefined;
      // Once it is confirmed, that is kept too.
      if (write && write.state !== 'applied') drafts.push(this.#write('kept', write.eventId));
      if ('remove' in edit && edit.remove.startsWith(prefix)) drafts.push(this.#write('done', edit.remove.split('/').at(-1) ?? ''));
    }
    return drafts;
  }

  #write(state: Extract<DatabaseEvent, { type: 'outbox' }>['state'], eventId: string, tookMs?: number, error?: Error): Draft {
    const waiting = this.#back.organs.outbox.size;
    return [
      'outbox',
      () => ({ type: 'outbox', state, eventId, waiting, ...(tookMs !== undefined && { tookMs }), ...(error && { error }) }),
    ];
  }

  #took(since: ReadonlyMap<string, number>, key: string | undefined, atMs: number): number | undefined {
    const sentMs = key === undefined ? undefined : since.get(key);
    return sentMs === undefined ? undefined : atMs - sentMs;
  }
}

function logged(message: object): LoggedMessage {
  return redacted(message) as LoggedMessage;
}

/** The key of the query that is answered, or was refused. */
function queryOf(message: ServerMessage): string | undefined {
  if (message.op === 'add-query-ok') return queryKey(message.q);
  if (message.op !== 'error') return undefined;
  const asked = message['original-event'];
  return asked?.['op'] === 'add-query' && isObject(asked['q']) ? queryKey(asked['q']) : undefined;
}

function isStorageFailure(error: Error): boolean {
  return 'code' in error && error.code === 'storage-failed';
}
