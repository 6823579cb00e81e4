// An event as one line to read, for `debug: true`.

import type { DatabaseEvent } from '../types/events.ts';

export function lineOf(event: DatabaseEvent): string {
  return `${new Date(event.atMs).toISOString().slice(11, 23)} ${event.type.padEnd(10)} ${detailsOf(event).filter(Boolean).join(' ')}`;
}

function detailsOf(event: DatabaseEvent): readonly (string | undefined)[] {
  switch (event.type) {
    case 'sent':
      return [event.op, event.eventId];
    case 'received':
      return [event.op, event.eventId, took(event.tookMs), messageOf(event.message['message'])];
    case 'connection':
      return [event.status];
    case 'outbox':
      return [event.state, event.eventId, took(event.tookMs), `${event.waiting} waiting`, event.error?.message];
    case 'query':
      return [event.state, event.key, took(event.tookMs), event.error];
    case 'storage':
      return [event.state, event.edits === undefined ? undefined : `${event.edits} entries`, event.error?.message];
    case 'tab':
      return [event.direction, event.news];
    case 'auth':
      return [event.userId ?? 'nobody'];
    case 'room':
      return [event.roomId, event.topic ?? 'presence'];
    case 'error':
      return [event.error.message];
  }
}

function took(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms} ms`;
}

function messageOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
