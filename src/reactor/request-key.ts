// Requests that are sent again over another connection have other event ids there, save writes.

import type { ClientMessage } from '../protocol/client-message.ts';

/** The same for a request that is sent again over another connection. */
export function requestKey(message: ClientMessage): string {
  switch (message.op) {
    case 'add-query':
      return `query ${JSON.stringify(message.q)}`;
    case 'join-room':
    case 'set-presence':
      return `room ${message['room-id']}`;
    default:
      return String(message['client-event-id']);
  }
}
